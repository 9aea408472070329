/** The network as Mermaid text, which code hosts and wikis draw. */
import type { Diagram, Health, State } from './diagram.ts';

const CLASSES: { readonly [H in Health]: string } = {
  good: 'stroke:#007a59,stroke-width:2px',
  warn: 'stroke:#a86800,stroke-width:2px,stroke-dasharray:6 4',
  bad: 'stroke:#c44500,stroke-width:3px,stroke-dasharray:4 4',
  off: 'stroke:#7a838c,stroke-dasharray:1 4',
};

/** A flowchart from upstreams over sites to prefixes. Names are quoted and their signs written as entities, so none is syntax. */
export function diagramMermaid(data: Diagram): string {
  const lines = ['---', `title: ${JSON.stringify(`${data.network}, AS${data.asn}`)}`, '---', 'flowchart LR'];
  const asns = [...new Set(data.sites.flatMap((s) => s.sessions.map((x) => x.asn)))];
  for (const [i, asn] of asns.entries()) lines.push(`  u${i}["AS${asn}"]`);
  lines.push(`  subgraph network ["${quoted(`${data.network}, AS${data.asn}`)}"]`);
  for (const [i, site] of data.sites.entries()) {
    const label = [site.name, site.place, site.state?.word]
      .filter((w) => w !== undefined)
      .map((w) => quoted(w));
    lines.push(`    s${i}["${label.join('<br/>')}"]${classOf(site.state)}`);
  }
  lines.push('  end');
  for (const [i, prefix] of data.prefixes.entries()) lines.push(`  p${i}(["${quoted(prefix)}"])`);
  let edges = 0;
  const styles: string[] = [];
  for (const [i, site] of data.sites.entries())
    for (const session of site.sessions) {
      const { state } = session;
      const label = quoted(state ? `${session.role}, ${state.word}` : session.role);
      const arrow = state && state.health !== 'good' ? `-. "${label}" .-` : `-- "${label}" ---`;
      lines.push(`  u${asns.indexOf(session.asn)} ${arrow} s${i}`);
      if (state) styles.push(`  linkStyle ${edges} ${CLASSES[state.health]}`);
      edges++;
    }
  for (const [i, site] of data.sites.entries())
    for (const prefix of new Set(site.sessions.flatMap((s) => s.prefixes)))
      if (data.prefixes.includes(prefix)) lines.push(`  s${i} --> p${data.prefixes.indexOf(prefix)}`);
  const used = new Set(data.sites.flatMap((s) => (s.state ? [s.state.health] : [])));
  for (const health of ['good', 'warn', 'bad', 'off'] as const)
    if (used.has(health)) lines.push(`  classDef ${health} ${CLASSES[health]}`);
  return `${[...lines, ...styles].join('\n')}\n`;
}

function classOf(state: State | undefined): string {
  return state ? `:::${state.health}` : '';
}

/** Mermaid reads `#NN;` as a character and everything else between quotes as text, but for these and line ends. */
function quoted(content: string): string {
  return content.replace(/\p{Cc}/gu, ' ').replace(/[#"<>&`\\[\]{}|]/g, (c) => `#${c.charCodeAt(0)};`);
}
