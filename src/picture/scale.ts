/** Numbers on an axis, and as people read them. */

/** Round numbers from zero to at least `most`, some `about` of them; the last is the end of the axis. */
export function ticks(most: number, about = 5): number[] {
  if (!(most > 0) || !Number.isFinite(most)) return [0, 1];
  const rough = most / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((m) => m * power >= rough * 0.999) ?? 10) * power;
  const count = Math.ceil(most / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/** `12.3 %`; small parts keep a digit that says something. */
export function percent(part: number): string {
  const p = 100 * part;
  return `${Math.abs(p) >= 0.0005 && Math.abs(p) < 0.05 ? p.toPrecision(1) : p.toFixed(1)} %`;
}

/** `12 %`. */
export function wholePercent(part: number): string {
  return `${Math.round(100 * part)} %`;
}

export function ms(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? '–' : `${Math.round(value)} ms`;
}

/** Bits per second in three digits: `2 Tbps`, `12.5 Gbps`. */
export function bits(rate: number): string {
  const units = ['bps', 'kbps', 'Mbps', 'Gbps', 'Tbps', 'Pbps'];
  let at = 0;
  let value = rate;
  while (value >= 999.5 && at < units.length - 1) {
    value /= 1000;
    at++;
  }
  return `${Number(value.toPrecision(3))} ${units[at]}`;
}

/** A time of day and a day in UTC, from milliseconds since 1970. */
export function utc(at: number): { readonly day: string; readonly time: string; readonly seconds: string } {
  const total = Math.floor(at / 1000);
  const days = Math.floor(total / 86_400);
  const rest = total - days * 86_400;
  const two = (x: number) => String(x).padStart(2, '0');
  const time = `${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}`;
  return { day: dayOf(days), time, seconds: `${time}:${two(rest % 60)}` };
}

/** The Gregorian date of a day counted from 1970-01-01, by eras of 400 years. */
function dayOf(days: number): string {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const doe = z - era * 146_097;
  const yoe = Math.floor(
    (doe - Math.floor(doe / 1460) + Math.floor(doe / 36_524) - Math.floor(doe / 146_096)) / 365,
  );
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const day = doy - Math.floor((153 * mp + 2) / 5) + 1;
  const month = mp < 10 ? mp + 3 : mp - 9;
  const year = yoe + era * 400 + (month <= 2 ? 1 : 0);
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}
