/** How far people are, as a small histogram: round trip across, people up. */

import { countText, rttText } from '../data/format.ts';
import { histogram } from '../data/histogram.ts';

const WIDTH = 380;
const HEIGHT = 64;
const BARS = 24;

interface Props {
  /** Milliseconds and people, the shortest first. */
  readonly trips: readonly (readonly [number, number])[];
  readonly tone: string;
}

export function RoundTrips({ trips, tone }: Props) {
  const { bins, width } = histogram(trips, BARS);
  const most = Math.max(1, ...bins);
  const end = width * bins.length;
  const x = (i: number) => (i * WIDTH) / bins.length;
  return (
    <figure class="round-trips">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT + 16}`}
        role="img"
        aria-label={`Round trips up to ${rttText(end)}`}
      >
        <line x1="0" y1={HEIGHT + 0.5} x2={WIDTH} y2={HEIGHT + 0.5} stroke="var(--line)" />
        {bins.map((people, i) => (
          <rect
            key={x(i)}
            x={x(i) + 0.5}
            y={HEIGHT - (HEIGHT * people) / most}
            width={WIDTH / bins.length - 1}
            height={(HEIGHT * people) / most}
            fill={tone}
          >
            <title>{`${rttText(i * width)} to ${rttText((i + 1) * width)}: ${countText(people)} people`}</title>
          </rect>
        ))}
        {[0, 0.5, 1].map((part) => (
          <text
            key={part}
            x={part * WIDTH}
            y={HEIGHT + 13}
            text-anchor={part === 0 ? 'start' : part === 1 ? 'end' : 'middle'}
            fill="var(--dim)"
            font-size="10.5"
          >
            {Math.round(part * end)} ms
          </text>
        ))}
      </svg>
    </figure>
  );
}
