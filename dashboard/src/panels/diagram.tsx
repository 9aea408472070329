/** The network as a diagram, at the instant that is shown: to look at, as Mermaid text to copy, as SVG and PNG to keep. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { diagramOf } from '../../../src/control/index.ts';
import { diagramMermaid, diagramPicture, THEMES } from '../../../src/picture/index.ts';
import { useApp, useShown } from '../app.ts';
import { instantText } from '../data/format.ts';
import { sceneOf } from '../data/scene.ts';
import { useStore } from '../store/store.ts';
import { Blank } from '../ui/blank.tsx';
import { useSize } from '../ui/use-size.ts';
import './diagram.css';

/** Of the files, which do not know the page that they will be on. */
const FILE_WIDTH = 1100;
/** Narrower, and one reads nothing. */
const NARROWEST = 340;

export function DiagramPanel() {
  const app = useApp();
  const { snapshot, at } = useShown();
  const theme = useStore(app.theme);
  const [box, { width }] = useSize<HTMLElement>();
  const [said, setSaid] = useState('');
  // Counts change every second; the picture does not.
  const { network, sites } = snapshot;
  const states = JSON.stringify([...sceneOf(snapshot).looks]);
  const sessions = JSON.stringify(Object.values(sites).map((s) => s.upstreams));
  const diagram = useMemo(() => diagramOf(snapshot, at), [network, states, sessions, app.view.get().at]);
  const mermaid = useMemo(() => diagramMermaid(diagram), [diagram]);
  const shown = Math.max(NARROWEST, Math.round(width));
  const picture = useMemo(
    () => (width > 0 ? urlOf(diagramPicture(diagram, { width: shown }, THEMES[theme])) : undefined),
    [diagram, shown, theme],
  );
  useEffect(() => () => picture && URL.revokeObjectURL(picture), [picture]);
  useEffect(() => {
    const timer = setTimeout(() => setSaid(''), 4000);
    return () => clearTimeout(timer);
  }, [said]);
  const tell = (text: string) => {
    setSaid(text);
    app.say(text);
  };
  const svg = () => diagramPicture(diagramOf(snapshot, at), { width: FILE_WIDTH }, THEMES[theme]);
  const name = `${network.name.replace(/[^\w.-]+/g, '-') || 'network'}-${new Date(at).toISOString().slice(0, 19).replace(/:/g, '')}`;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(mermaid);
      tell('The Mermaid text was copied.');
    } catch {
      tell('This browser keeps the clipboard to itself: the text stands below, to be marked and copied.');
    }
  };
  const png = async () => {
    try {
      save(await pngOf(svg()), `${name}.png`);
    } catch {
      tell('This browser could not make a PNG of it; the SVG shows the same.');
    }
  };
  if (Object.keys(sites).length === 0)
    return (
      <Blank title="Nothing to draw">
        <p>This network has no sites.</p>
      </Blank>
    );
  return (
    <>
      <header class="section">
        <h2>
          {network.name}, AS{network.asn}
        </h2>
        <p class="dim">As it stands at {instantText(at)}.</p>
        <p class="orders">
          <button type="button" onClick={copy}>
            Copy as Mermaid
          </button>
          <button type="button" onClick={() => save(blobOf(svg()), `${name}.svg`)}>
            Save as SVG
          </button>
          <button type="button" onClick={png}>
            Save as PNG
          </button>
        </p>
        <p class="small" role="status">
          {said}
        </p>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <section ref={box} class="diagram" aria-label="Diagram" tabIndex={0}>
        {picture && (
          <img
            src={picture}
            alt={diagram.sites
              .map(
                (s) =>
                  `${s.name} ${s.state?.word}: ${s.sessions.map((x) => `AS${x.asn} ${x.role} ${x.state?.word}`).join(', ')}`,
              )
              .join('; ')}
          />
        )}
      </section>
      <details>
        <summary>Mermaid text</summary>
        <textarea class="raw mermaid" readOnly aria-label="Mermaid text" rows={14} value={mermaid} />
      </details>
    </>
  );
}

function blobOf(svg: string): Blob {
  return new Blob([svg], { type: 'image/svg+xml' });
}

function urlOf(svg: string): string {
  return URL.createObjectURL(blobOf(svg));
}

function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Twice as large as it is drawn, for sharp screens. */
async function pngOf(svg: string): Promise<Blob> {
  const url = urlOf(svg);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [2 * image.naturalWidth, 2 * image.naturalHeight];
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((done, fail) =>
      canvas.toBlob((b) => (b ? done(b) : fail(new Error('no picture'))), 'image/png'),
    );
  } finally {
    URL.revokeObjectURL(url);
  }
}
