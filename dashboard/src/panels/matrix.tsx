/** The expected matrix: for each session and prefix what should be announced, and whether the upstream has it so. */
import { useId, useState } from 'preact/hooks';
import { useApp, useAt, useShown } from '../app.ts';
import { many, spanText } from '../data/format.ts';
import { type Cell, cellText, type Line, matrixOf } from '../data/matrix.ts';
import { useStore } from '../store/store.ts';
import { Blank } from '../ui/blank.tsx';
import { Choice } from '../ui/choice.tsx';
import { MOOD_CLASS, MoodIcon, SiteName } from '../ui/state.tsx';
import './matrix.css';

/** More are not drawn; a search for a site narrows them. */
const MOST_LINES = 400;

interface Pointed {
  readonly line: Line;
  readonly prefix: string;
}

export function MatrixPanel() {
  const app = useApp();
  const { snapshot } = useShown();
  const at = useAt();
  const only = useStore(app.view, (v) => v.more['mx']) === 'wrong';
  const [pointed, setPointed] = useState<Pointed | undefined>(undefined);
  const said = useId();
  const { prefixes, lines, right, wrong } = matrixOf(snapshot);
  if (lines.length === 0)
    return (
      <Blank title="No sessions">
        <p>The plan names no upstream at any site, so there is nobody to announce anything to.</p>
      </Blank>
    );
  const shown = (only ? lines.filter((l) => l.cells.some(isWrong)) : lines).slice(0, MOST_LINES);
  // The cell that is pointed at, as it is now.
  const line =
    pointed && lines.find((l) => l.site === pointed.line.site && l.upstream === pointed.line.upstream);
  const cell = pointed && line?.cells[prefixes.indexOf(pointed.prefix)];
  return (
    <>
      <header class="section">
        <h2>What should be announced, and what is</h2>
        <p class="spread">
          <span class={wrong > 0 ? 'bad' : 'ok'}>
            {wrong === 0
              ? `All ${many(right, 'cell')} are as they should be.`
              : `${many(wrong, 'cell')} of ${right + wrong} ${wrong === 1 ? 'is' : 'are'} not as ${wrong === 1 ? 'it' : 'they'} should be.`}
          </span>
          <Choice
            label="Sessions"
            value={only ? 'wrong' : 'all'}
            options={[
              { value: 'all', text: 'All' },
              { value: 'wrong', text: 'Only what is wrong' },
            ]}
            onChoose={(value) => app.keep('mx', value === 'all' ? '' : value)}
          />
        </p>
      </header>
      {shown.length === 0 ? (
        <Blank title="Nothing is wrong">
          <p>Every upstream has of every prefix what the sites' decisions ask for.</p>
        </Blank>
      ) : (
        <div class="scroll-x">
          <table class="matrix" aria-describedby={said}>
            <caption class="unseen">Announcements of each session, by prefix</caption>
            <thead>
              <tr>
                <th scope="col">Site, upstream</th>
                {prefixes.map((p) => (
                  <th key={p} scope="col">
                    <code>{p}</code>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map((l, i) => (
                <tr key={`${l.site} ${l.upstream}`} class={shown[i - 1]?.site === l.site ? 'same' : ''}>
                  <th scope="row">
                    <button
                      type="button"
                      class="plain"
                      onClick={() => app.select({ kind: 'site', id: l.site })}
                    >
                      <SiteName site={l.site} />
                    </button>
                    <span class="dim small cut" title={`AS${l.asn}, ${l.role}, ${l.session}`}>
                      {l.upstream}
                      {l.session !== 'established' && <span class="bad"> {l.session}</span>}
                    </span>
                  </th>
                  {l.cells.map((c, n) => {
                    const prefix = prefixes[n] as string;
                    const point = () => setPointed({ line: l, prefix });
                    return (
                      <td key={prefix} class={isWrong(c) ? 'wrong' : ''}>
                        <button
                          type="button"
                          class="plain cell"
                          aria-label={`${c.word}: ${cellText(l, prefix, c)}`}
                          aria-pressed={line === l && pointed?.prefix === prefix}
                          onMouseEnter={point}
                          onFocus={point}
                          onClick={point}
                        >
                          <MoodIcon mood={c.mood} />
                          <span class={MOOD_CLASS[c.mood]}>{c.word}</span>
                        </button>
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
          {lines.length > MOST_LINES && (
            <p class="dim">{many(lines.length - MOST_LINES, 'more session')} are not shown.</p>
          )}
        </div>
      )}
      <section class="section matrix-why" id={said} aria-live="polite">
        {line && cell && pointed ? (
          <>
            <p>
              <MoodIcon mood={cell.mood} /> {cellText(line, pointed.prefix, cell)}
              {cell.at !== undefined && <span class="dim"> (since {spanText(at - cell.at)})</span>}.
            </p>
            {cell.why.length > 0 && (
              <ul class="why">
                {cell.why.map((reason) => (
                  <li key={reason}>{reason}</li>
                ))}
              </ul>
            )}
            <p class="dim small">
              AS{line.asn}, {line.role}; the session is {line.session}.
            </p>
          </>
        ) : (
          <p class="dim">Point at a cell, or go to one by Tab: its reason stands here.</p>
        )}
      </section>
    </>
  );
}

function isWrong(cell: Cell): boolean {
  return cell.is === 'missing' || cell.is === 'unexpected' || cell.is === 'differs';
}
