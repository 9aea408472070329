/** What the page and the worker of the predictor say to each other. Long lists are typed arrays that are handed over, not copied. */
import type { ClientAnswer, Deployment, Explanation, Moved } from '../../../src/predict/index.ts';

/** No site, among the numbers of sites. */
export const NO_SITE = 0xff;
/** More sites than that cannot be told apart in a byte. */
export const MOST_SHOWN_SITES = 0xfe;

/** Client networks as points: one for each city of each network. */
export interface Points {
  readonly count: number;
  readonly asn: Uint32Array<ArrayBuffer>;
  /** Longitude and latitude of each, spread around its city so that one sees them all. */
  readonly lonLat: Float32Array<ArrayBuffer>;
  readonly weight: Float32Array<ArrayBuffer>;
}

export interface Opened {
  readonly points: Points;
  /** Client networks that weigh something. */
  readonly networks: number;
  readonly weightUnit: string;
  readonly source: string;
}

/** A question about a network that changes from `before` to `after`. Sites are counted as in `sites`. */
export interface Question {
  readonly sites: readonly string[];
  readonly before: Deployment;
  readonly after: Deployment;
}

/** By point: the site it is drawn as ({@link NO_SITE}: none), and how sure that is, 255 being certain. */
export interface Colours {
  readonly site: Uint8Array<ArrayBuffer>;
  readonly sure: Uint8Array<ArrayBuffer>;
  /** Milliseconds that it took. */
  readonly tookMs: number;
  /** What the graph does not know, in words. */
  readonly remarks: readonly string[];
}

export interface SiteSum {
  /** Of all people that reach a site, 0 … 1. */
  readonly share: number;
  /** The part of `share` that is certain. */
  readonly certain: number;
  readonly networks: number;
  /** Round trips by the estimate of distances, in milliseconds; undefined where nobody lands or places are not known. */
  readonly rtt: { readonly p50: number; readonly p90: number } | undefined;
}

export interface Sum {
  /** In the order of the sites asked for. */
  readonly sites: readonly SiteSum[];
  readonly all: SiteSum;
  /** Part of all weight without a route. */
  readonly unreached: number;
}

export interface Sums {
  readonly before: Sum;
  readonly after: Sum;
  /** Part of all weight that lands elsewhere. */
  readonly moved: number;
  /** `flows[from × (sites + 1) + to]`: part of all weight that goes from one site to another; the last stands for nowhere. */
  readonly flows: Float64Array<ArrayBuffer>;
}

/** Where somebody in a network at a place would land: for each asked, the part of each site, asked × sites. */
export interface Spots {
  readonly asn: Uint32Array<ArrayBuffer>;
  readonly lonLat: Float64Array<ArrayBuffer>;
}

export interface Told {
  readonly answer: ClientAnswer;
  readonly explanation: Explanation | undefined;
}

export type Ask =
  | { readonly ask: 'open'; readonly id: number; readonly world: ArrayBuffer }
  | { readonly ask: 'colours'; readonly id: number; readonly question: Question }
  | { readonly ask: 'sums'; readonly id: number; readonly question: Question }
  | { readonly ask: 'spots'; readonly id: number; readonly question: Question; readonly spots: Spots }
  | { readonly ask: 'why'; readonly id: number; readonly question: Question; readonly asn: number }
  | { readonly ask: 'find'; readonly id: number; readonly text: string }
  | { readonly ask: 'movers'; readonly id: number; readonly question: Question; readonly asn: number };

/** What each question is answered with. */
export interface Answers {
  readonly open: Opened;
  readonly colours: Colours;
  readonly sums: Sums;
  /** NaN where the graph does not know the network. */
  readonly spots: Float32Array<ArrayBuffer>;
  readonly why: Told | undefined;
  /** An AS number; undefined when there is none. */
  readonly find: number | undefined;
  readonly movers: readonly (Moved & { readonly text: string })[] | undefined;
}

export type Kind = keyof Answers;

export type Reply =
  | { readonly id: number; readonly answer: Answers[Kind] }
  | { readonly id: number; readonly failed: string };
