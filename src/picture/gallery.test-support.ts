/** The page in the docs that shows every picture together. */
import type { Sample } from './samples.test-support.ts';

export function galleryPage(samples: readonly Sample[]): string {
  const parts = samples.map(
    (s) => `## ${s.title}

${s.what}

![${s.title}](pictures/${s.name}.svg)

<details>
<summary>Dark, and on a phone</summary>

![${s.title}, dark](pictures/${s.name}-dark.svg)

![${s.title}, narrow](pictures/${s.name}-narrow.svg)

</details>
`,
  );
  return `# Pictures

Every picture that nearcast draws is a pure function of data, size and theme (\`src/picture\`); the verbs write them with
\`--chart\` and \`--map\`, and the dashboard shows the same ones. The samples on this page are made up. They are the golden files
of the tests: \`NEARCAST_UPDATE=1 npx vitest run src/picture\` draws them anew.

${parts.join('\n')}`;
}
