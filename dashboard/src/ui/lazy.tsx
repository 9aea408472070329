/** A component that is loaded when it is first drawn, with its waiting and its failing. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Blank } from './blank.tsx';
import { NotLoaded } from './not-loaded.tsx';

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
    return <NotLoaded name={name} onRetry={() => setFailed(false)} />;
  };
}
