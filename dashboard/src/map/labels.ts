/** Where names go beside their pins, so that they do not cover each other or other pins. Pure. */
export interface Label {
  /** Of the pin, in pixels. */
  readonly x: number;
  readonly y: number;
  /** Of the name; 0 when it is not written. */
  readonly width: number;
}

/** Of the map, in pixels. */
export interface Frame {
  readonly width: number;
  readonly height: number;
}

export type Side = 'right' | 'left' | 'above' | 'below';

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const SIDES: readonly Side[] = ['right', 'left', 'above', 'below'];
/** Half of a pin, its distance to its name, and the height of a name. */
const PIN = 9;
const GAP = 4;
const HEIGHT = 17;

/** One side for each: the first on which nothing lies yet, else the one where least does. Earlier ones have the choice. */
export function besides(labels: readonly Label[], frame: Frame): readonly Side[] {
  const taken: Box[] = labels.map(({ x, y }) => ({
    left: x - PIN,
    top: y - PIN,
    right: x + PIN,
    bottom: y + PIN,
  }));
  return labels.map((label, own) => {
    if (label.width === 0) return 'right';
    const tried = SIDES.map((side) => {
      const box = boxOf(label, side);
      const covered = taken.reduce((sum, other, i) => sum + (i === own ? 0 : overlap(box, other)), 0);
      // What is outside is not seen, which is worse than what is covered.
      return { side, box, covered: covered + 2 * outside(box, frame) };
    });
    const best = tried.reduce((a, b) => (b.covered < a.covered ? b : a));
    taken.push(best.box);
    return best.side;
  });
}

function boxOf({ x, y, width }: Label, side: Side): Box {
  const left = side === 'right' ? x + PIN + GAP : side === 'left' ? x - PIN - GAP - width : x - width / 2;
  const top = side === 'above' ? y - PIN - GAP - HEIGHT : side === 'below' ? y + PIN + GAP : y - HEIGHT / 2;
  return { left, top, right: left + width, bottom: top + HEIGHT };
}

/** Common area. */
function overlap(a: Box, b: Box): number {
  const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return across > 0 && down > 0 ? across * down : 0;
}

/** How much of it lies outside. */
function outside(box: Box, { width, height }: Frame): number {
  const inside = overlap(box, { left: 0, top: 0, right: width, bottom: height });
  return (box.right - box.left) * (box.bottom - box.top) - inside;
}
