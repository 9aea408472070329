/** The layers of the map, from the lowest to the highest. */
import { arcs } from './arcs.ts';
import { clients } from './clients.ts';
import type { LayerMaker } from './layer.ts';
import { networks } from './networks.ts';
import { path } from './path.ts';
import { sites } from './sites.ts';

export const LAYERS: readonly LayerMaker[] = [networks, clients, path, arcs, sites];
