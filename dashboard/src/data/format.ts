/** Numbers and instants as people read them. Time is UTC everywhere. */

/** `12:31:05`, or with milliseconds. */
export function clockText(at: number, millis = false): string {
  return new Date(at).toISOString().slice(11, millis ? 23 : 19);
}

/** `2026-11-21 12:31:05 UTC`. */
export function instantText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** How long ago or how long: `now`, `8 s`, `3 min`, `2 h 5 min`, `4 d`. */
export function spanText(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  const min = Math.floor(s / 60);
  if (min < 60) return `${min} min`;
  const h = Math.floor(min / 60);
  if (h < 48) return min % 60 === 0 ? `${h} h` : `${h} h ${min % 60} min`;
  return `${Math.floor(h / 24)} d`;
}

export function rttText(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return '–';
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

/** A part of one: `0 %`, `< 1 %`, `37 %`. */
export function shareText(share: number): string {
  if (!(share > 0)) return '0 %';
  return share < 0.01 ? '< 1 %' : `${Math.round(share * 100)} %`;
}

const UNITS = ['', 'k', 'M', 'G', 'T', 'P'];

/** Three figures at most: `950`, `12.4 k`, `3.1 M`. */
export function countText(n: number): string {
  if (!Number.isFinite(n)) return '–';
  let [value, unit] = [n, 0];
  while (Math.abs(value) >= 999.5 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  const text = unit === 0 ? String(Math.round(value)) : value.toFixed(Math.abs(value) < 99.95 ? 1 : 0);
  return `${text.replace(/\.0$/, '')}${unit === 0 ? '' : ` ${UNITS[unit]}`}`;
}

/** Bits per second. */
export function rateText(bps: number): string {
  const text = countText(bps);
  return text.includes(' ') ? `${text}bps` : `${text} bps`;
}

/** `1 client`, `3 clients`. */
export function many(n: number, one: string, more = `${one}s`): string {
  return `${countText(n)} ${n === 1 ? one : more}`;
}
