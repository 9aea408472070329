/** Colours of the map, as the stylesheet has them at this moment: theme.css is the one place where they are written. */
export interface MapColours {
  readonly sea: string;
  readonly land: string;
  readonly border: string;
  readonly graticule: string;
  readonly ink: string;
  readonly halo: string;
}

export function mapColours(): MapColours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    sea: of('--sea'),
    land: of('--land'),
    border: of('--border-line'),
    graticule: of('--graticule'),
    ink: of('--ink'),
    halo: of('--panel'),
  };
}
