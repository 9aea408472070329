/** Reads the vector files; see README.md beside this file. */
import { readFileSync } from 'node:fs';
import { fromHex } from '../../src/base/index.ts';
import {
  type Agreed,
  type Family,
  IPV4_MULTICAST,
  IPV4_UNICAST,
  IPV6_MULTICAST,
  IPV6_UNICAST,
  type Message,
  type Reaction,
} from '../../src/wire/index.ts';

export interface Vector {
  readonly name: string;
  readonly source: string;
  readonly bytes: Uint8Array;
  readonly agreed: Agreed;
  readonly value?: Message;
  readonly error?: { readonly code: number; readonly subcode: number; readonly data: string };
  readonly reaction?: Reaction;
}

type Row = Omit<Vector, 'bytes' | 'agreed'> & {
  readonly hex: string;
  readonly ctx: {
    readonly asn4?: boolean;
    readonly extendedMessage?: boolean;
    readonly addPath?: boolean | readonly Family[];
  };
};

const EVERY = [IPV4_UNICAST, IPV6_UNICAST, IPV4_MULTICAST, IPV6_MULTICAST];

export function vectors(file: 'wire-messages' | 'wire-errors' | 'wire-daemons'): readonly Vector[] {
  const rows = JSON.parse(readFileSync(new URL(`${file}.json`, import.meta.url), 'utf8')) as Row[];
  return rows.map(({ hex, ctx, ...row }) => ({
    ...row,
    bytes: fromHex(hex) as Uint8Array,
    agreed: {
      asn4: ctx.asn4 ?? true,
      extendedMessage: ctx.extendedMessage ?? false,
      addPath: ctx.addPath === true ? EVERY : ctx.addPath || [],
    },
  }));
}
