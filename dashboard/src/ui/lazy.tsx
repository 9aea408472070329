/** A component that is loaded when it is first drawn, with its waiting and its failing. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Blank } from './blank.tsx';

export function lazy(name: string, load: () => Promise<{ readonly default: ComponentType }>): ComponentType {
  let loaded: ComponentType | undefined;
  return function Lazy() {
    const [Found, setFound] = useState<{ readonly it: ComponentType } | undefined>(loaded && { it: loaded });
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (Found || failed) return;
      load().then(
        (module) => {
          loaded = module.default;
          setFound({ it: module.default });
        },
        () => setFailed(true),
      );
    }, [Found, failed]);
    if (Found) return <Found.it />;
    if (!failed) return <Blank wait title={`Loading ${name}`} />;
    return (
      <Blank title={`${name} could not be loaded`}>
        <p>
          The server did not hand out a part of this page. If it is a newer one than when the page was opened,
          the page has to be loaded anew; you come back to this view.
        </p>
        <p class="orders">
          <button type="button" onClick={() => setFailed(false)}>
            Try again
          </button>
          <button type="button" onClick={() => location.reload()}>
            Load the page anew
          </button>
        </p>
      </Blank>
    );
  };
}
