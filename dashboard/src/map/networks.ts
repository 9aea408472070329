/**
 * Client networks of the prediction as points, in the colour of the site they would land at. There may be a hundred thousand: they are
 * one buffer of places that stays, and one of colours that is written anew, drawn in one go on the globe and on the flat map.
 */
import type { CustomLayerInterface, CustomRenderMethodInput, MapMouseEvent } from 'maplibre-gl';
import { shareText } from '../data/format.ts';
import { siteColour, type Theme } from '../data/palette.ts';
import type { Points } from '../whatif/protocol.ts';
import { NO_SITE } from '../whatif/protocol.ts';
import { shownClients } from '../whatif/shown-clients.ts';
import { type Coloured, whatIfOf } from '../whatif/what-if.ts';
import type { LayerMaker } from './layer.ts';
import { nearestPoint } from './nearest-point.ts';

const ID = 'networks';
/** From the wish to the frame that shows it, for whoever measures. */
const MEASURE = 'nearcast-what-if';
/** The dots of vantages, which this takes the place of. */
const DOTS = 'clients';
/** How near the pointer has to be, in pixels. */
const REACH = 7;
/** Points that are not certain are this much paler; those of other sites while one is selected, too. */
const PALE = 0.45;
const BACK = 0.12;

export const networks: LayerMaker = ({ map, app, hint }) => {
  const whatIf = whatIfOf(app);
  const cloud = new Cloud();
  let painted: readonly unknown[] = [];
  let placed: Points | undefined;
  let visible = false;
  let measured = -1;

  /** Writes what changed into the buffers. */
  function paint(theme: Theme, site: string | undefined): void {
    const stage = whatIf.stage.get();
    const colours = whatIf.colours.get();
    if (stage.is !== 'ready' || !colours) return;
    const { points } = stage.opened;
    if (points !== placed) cloud.place(points);
    const what = [points, colours, theme, site];
    if (what.every((w, i) => w === painted[i])) return;
    placed = points;
    painted = what;
    cloud.colour(coloursOf(colours, theme, site));
    map.triggerRepaint();
    if (colours.since === measured) return;
    measured = colours.since;
    map.once('render', () => {
      performance.clearMeasures(MEASURE);
      const detail = { predictorMs: colours.tookMs };
      performance.measure(MEASURE, { start: colours.since, end: performance.now(), detail });
    });
  }

  map.addLayer(cloud.layer);
  const stop = [whatIf.stage, whatIf.colours].map((source) =>
    (source as typeof whatIf.stage).watch(() => {
      const { selected } = app.view.get();
      if (visible) paint(app.theme.get(), selected?.kind === 'site' ? selected.id : undefined);
    }),
  );

  /** The point under the pointer, unless something that lies above it is there. */
  function under({ point, lngLat }: MapMouseEvent): number | undefined {
    if (!visible || !placed) return undefined;
    if (map.getLayer(DOTS) && map.queryRenderedFeatures(point, { layers: [DOTS] }).length > 0)
      return undefined;
    const beside = map.unproject([point.x + REACH, point.y + REACH]);
    return nearestPoint(placed.lonLat, lngLat, {
      lon: Math.abs(beside.lng - lngLat.lng),
      lat: Math.abs(beside.lat - lngLat.lat),
    });
  }
  let hinted = false;
  const over = (event: MapMouseEvent) => {
    if (map.isMoving()) return;
    const found = under(event);
    const colours = whatIf.colours.get();
    if (found === undefined || !colours) {
      if (hinted) {
        hint(undefined);
        map.getCanvas().style.cursor = '';
      }
      hinted = false;
      return;
    }
    hinted = true;
    map.getCanvas().style.cursor = 'pointer';
    const site = colours.sites[colours.site[found]!];
    const sure = colours.sure[found]! / 255;
    const text =
      site === undefined
        ? 'would reach no site'
        : sure > 0.995
          ? `would land at ${site}`
          : `undecided: at ${site} with ${shareText(sure)}`;
    hint({ x: event.point.x, y: event.point.y, title: `AS${placed!.asn[found]}`, text });
  };
  const click = (event: MapMouseEvent) => {
    const found = under(event);
    if (found !== undefined) app.select({ kind: 'network', id: String(placed!.asn[found]) });
  };
  map.on('mousemove', over);
  map.on('click', click);

  return {
    draw({ view, theme, colours }) {
      const shown = shownClients(view);
      visible = shown === 'predicted';
      for (const [id, on] of [
        [ID, visible],
        [DOTS, shown === 'observed'],
      ] as const) {
        const to = on ? 'visible' : 'none';
        if (map.getLayer(id) && (map.getLayoutProperty(id, 'visibility') ?? 'visible') !== to)
          map.setLayoutProperty(id, 'visibility', to);
      }
      if (!visible) return;
      whatIf.need();
      const { selected } = view;
      paint(theme, selected?.kind === 'site' ? selected.id : undefined);
      if (cloud.mark(selected?.kind === 'network' ? Number(selected.id) : undefined, colours.ink))
        map.triggerRepaint();
    },
    remove() {
      for (const end of stop) end();
      map.off('mousemove', over);
      map.off('click', click);
    },
  };
};

/** Red, green, blue and how opaque, a byte each, for every point. */
function coloursOf(
  { site, sure, sites }: Coloured,
  theme: Theme,
  selected: string | undefined,
): Uint8Array<ArrayBuffer> {
  const tones = [...sites.keys(), -1].map((k) => rgb(siteColour(k, theme)));
  const chosen = selected === undefined ? -1 : sites.indexOf(selected);
  const bytes = new Uint8Array(4 * site.length);
  for (let i = 0; i < site.length; i++) {
    const k = site[i]!;
    const tone = tones[k === NO_SITE ? sites.length : k] ?? tones[sites.length]!;
    const opaque = chosen >= 0 && k !== chosen ? BACK : PALE + (0.9 - PALE) * (sure[i]! / 255);
    bytes[4 * i] = tone[0];
    bytes[4 * i + 1] = tone[1];
    bytes[4 * i + 2] = tone[2];
    bytes[4 * i + 3] = Math.round(255 * opaque);
  }
  return bytes;
}

function rgb(hex: string): readonly [number, number, number] {
  const n = Number.parseInt(hex.replace('#', ''), 16);
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255];
}

const VERTEX = `
in vec2 a_at;
in float a_size;
in vec4 a_colour;
uniform float u_shift;
uniform float u_scale;
out vec4 v_colour;
void main() {
  gl_Position = projectTile(vec2(a_at.x + u_shift, a_at.y));
  gl_PointSize = a_size * u_scale;
  v_colour = a_colour;
}`;

const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 v_colour;
uniform vec4 u_mark;
out vec4 o_colour;
void main() {
  float far = length(gl_PointCoord - 0.5);
  if (far > 0.5) discard;
  if (u_mark.a > 0.0) {
    if (far < 0.3) discard;
    o_colour = u_mark;
    return;
  }
  float alpha = v_colour.a * smoothstep(0.5, 0.38, far);
  o_colour = vec4(v_colour.rgb * alpha, alpha);
}`;

interface Program {
  readonly program: WebGLProgram;
  readonly at: number;
  readonly size: number;
  readonly colour: number;
  readonly uniforms: { readonly [name: string]: WebGLUniformLocation | null };
}

const UNIFORMS = [
  'u_shift',
  'u_scale',
  'u_mark',
  'u_projection_matrix',
  'u_projection_fallback_matrix',
  'u_projection_tile_mercator_coords',
  'u_projection_clipping_plane',
  'u_projection_transition',
] as const;

/** Points on the graphics card. What is given before the map is ready waits. */
class Cloud {
  #points: Points | undefined;
  #colours: Uint8Array<ArrayBuffer> | undefined;
  #isPlaced = false;
  #isColoured = false;
  #mark = -1;
  #inkText = '';
  #ink: readonly [number, number, number] = [255, 255, 255];
  #gl: WebGL2RenderingContext | undefined;
  #buffers: { readonly at: WebGLBuffer; readonly colour: WebGLBuffer; colours: number } | undefined;
  readonly #programs = new Map<string, Program>();
  #zoom = () => 0;
  #width = () => ({ west: -180, east: 180 });

  readonly layer: CustomLayerInterface = {
    id: ID,
    type: 'custom',
    renderingMode: '2d',
    onAdd: (map, gl) => {
      this.#gl = gl as WebGL2RenderingContext;
      this.#zoom = () => map.getZoom();
      this.#width = () => {
        const bounds = map.getBounds();
        return { west: bounds.getWest(), east: bounds.getEast() };
      };
      this.#buffers = { at: this.#gl.createBuffer(), colour: this.#gl.createBuffer(), colours: 0 };
      this.#isPlaced = false;
      this.#isColoured = false;
      this.#programs.clear();
    },
    onRemove: (_, gl) => {
      gl.deleteBuffer(this.#buffers?.at ?? null);
      gl.deleteBuffer(this.#buffers?.colour ?? null);
      for (const { program } of this.#programs.values()) gl.deleteProgram(program);
      this.#programs.clear();
      this.#buffers = undefined;
      this.#gl = undefined;
    },
    render: (_, input) => this.#render(input),
  };

  place(points: Points): void {
    this.#points = points;
    this.#isPlaced = false;
    this.#colours = undefined;
  }

  colour(colours: Uint8Array<ArrayBuffer>): void {
    this.#colours = colours;
    this.#isColoured = false;
  }

  /** Draws a ring around the network of this AS number. True when that is something new. */
  mark(asn: number | undefined, ink: string): boolean {
    const mark = asn === undefined ? -1 : (this.#points?.asn.indexOf(asn) ?? -1);
    const isNew = mark !== this.#mark || (mark >= 0 && ink !== this.#inkText);
    this.#mark = mark;
    this.#inkText = ink;
    this.#ink = rgb(ink);
    return isNew;
  }

  #render({ shaderData, defaultProjectionData: projection }: CustomRenderMethodInput): void {
    const gl = this.#gl;
    const points = this.#points;
    if (!gl || !points || !this.#colours || !this.#buffers || points.count === 0) return;
    this.#fill(gl, points, this.#colours);
    const is = this.#program(gl, shaderData);
    const { uniforms: u } = is;
    gl.useProgram(is.program);
    gl.uniformMatrix4fv(u['u_projection_matrix']!, false, projection.mainMatrix as Float32List);
    gl.uniformMatrix4fv(u['u_projection_fallback_matrix']!, false, projection.fallbackMatrix as Float32List);
    gl.uniform4f(u['u_projection_tile_mercator_coords']!, ...projection.tileMercatorCoords);
    gl.uniform4f(u['u_projection_clipping_plane']!, ...projection.clippingPlane);
    gl.uniform1f(u['u_projection_transition']!, projection.projectionTransition);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#buffers.at);
    gl.enableVertexAttribArray(is.at);
    gl.vertexAttribPointer(is.at, 2, gl.FLOAT, false, 12, 0);
    gl.enableVertexAttribArray(is.size);
    gl.vertexAttribPointer(is.size, 1, gl.FLOAT, false, 12, 8);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#buffers.colour);
    gl.enableVertexAttribArray(is.colour);
    gl.vertexAttribPointer(is.colour, 4, gl.UNSIGNED_BYTE, true, 0, 0);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const scale = devicePixelRatio * (1 + 0.22 * Math.max(0, this.#zoom()));
    const { west, east } = this.#width();
    const round = shaderData.define.includes('GLOBE');
    for (const copy of round ? [0] : [-1, 0, 1]) {
      if (!round && (copy < 0 ? west > -180 : copy > 0 ? east < 180 : false)) continue;
      gl.uniform1f(u['u_shift']!, copy);
      gl.uniform1f(u['u_scale']!, scale);
      gl.uniform4f(u['u_mark']!, 0, 0, 0, 0);
      gl.drawArrays(gl.POINTS, 0, points.count);
      if (this.#mark < 0) continue;
      const [r, g, b] = this.#ink;
      gl.uniform1f(u['u_scale']!, 14 * devicePixelRatio * (1 / sizeOf(points.weight[this.#mark]!)));
      gl.uniform4f(u['u_mark']!, r / 255, g / 255, b / 255, 1);
      gl.drawArrays(gl.POINTS, this.#mark, 1);
    }
  }

  #fill(gl: WebGL2RenderingContext, points: Points, colours: Uint8Array<ArrayBuffer>): void {
    const buffers = this.#buffers!;
    if (!this.#isPlaced) {
      const data = new Float32Array(3 * points.count);
      for (let i = 0; i < points.count; i++) {
        const lat = (points.lonLat[2 * i + 1]! * Math.PI) / 180;
        data[3 * i] = (points.lonLat[2 * i]! + 180) / 360;
        data[3 * i + 1] = (1 - Math.log(Math.tan(lat) + 1 / Math.cos(lat)) / Math.PI) / 2;
        data[3 * i + 2] = sizeOf(points.weight[i]!);
      }
      gl.bindBuffer(gl.ARRAY_BUFFER, buffers.at);
      gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
      this.#isPlaced = true;
    }
    if (this.#isColoured) return;
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers.colour);
    if (buffers.colours === colours.length) gl.bufferSubData(gl.ARRAY_BUFFER, 0, colours);
    else gl.bufferData(gl.ARRAY_BUFFER, colours, gl.DYNAMIC_DRAW);
    buffers.colours = colours.length;
    this.#isColoured = true;
  }

  /** The globe and the flat map project by different programs. */
  #program(gl: WebGL2RenderingContext, data: CustomRenderMethodInput['shaderData']): Program {
    const known = this.#programs.get(data.variantName);
    if (known) return known;
    const program = gl.createProgram();
    for (const [type, source] of [
      [gl.VERTEX_SHADER, `#version 300 es\n${data.vertexShaderPrelude}\n${data.define}\n${VERTEX}`],
      [gl.FRAGMENT_SHADER, FRAGMENT],
    ] as const) {
      const shader = gl.createShader(type)!;
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
      gl.deleteShader(shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost())
      throw new Error(`client networks cannot be drawn here: ${gl.getProgramInfoLog(program)}`);
    const made: Program = {
      program,
      at: gl.getAttribLocation(program, 'a_at'),
      size: gl.getAttribLocation(program, 'a_size'),
      colour: gl.getAttribLocation(program, 'a_colour'),
      uniforms: Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)])),
    };
    this.#programs.set(data.variantName, made);
    return made;
  }
}

/** Pixels of a point at the smallest zoom: one that stands for more people is a little bigger. */
function sizeOf(weight: number): number {
  return 2.2 + 0.5 * Math.max(0, Math.log10(Math.max(1, weight)) - 3);
}
