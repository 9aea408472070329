import { expect, test } from 'vitest';
import { vectors } from '../../test/vectors/wire-vectors.ts';
import { toHex } from '../base/index.ts';
import {
  ATTRIBUTES,
  CAPABILITIES,
  decodeMessage,
  encodeMessage,
  NOTIFICATIONS,
  notificationName,
  notificationOf,
  worst,
} from './index.ts';

const sound = vectors('wire-messages');
const refused = vectors('wire-errors');
const daemons = vectors('wire-daemons');

test.each(sound)('$name ($source)', ({ bytes, agreed, value }) => {
  expect(decodeMessage(bytes, agreed)).toEqual({ ok: true, message: value, faults: [] });
  if (value) expect(toHex(encodeMessage(value, agreed, 'asListed'))).toBe(toHex(bytes));
});

test.each(daemons)('$name is read and written alike ($source)', ({ bytes, agreed, value }) => {
  expect(decodeMessage(bytes, agreed)).toEqual({ ok: true, message: value, faults: [] });
  if (value) expect(toHex(encodeMessage(value, agreed, 'asListed'))).toBe(toHex(bytes));
});

test.each(refused)('$name is refused ($source)', ({ bytes, agreed, value, error, reaction }) => {
  const d = decodeMessage(bytes, agreed);
  const blamed = d.ok ? worst(d.faults)?.error : d.error;
  expect(blamed).toMatchObject(error as object);
  expect(d.reaction).toBe(reaction);
  expect(d.ok ? d.message : undefined).toEqual(value);
});

test('every error that is told to a peer has a name and fits a NOTIFICATION', () => {
  for (const { error, agreed } of refused) {
    if (!error) continue;
    if (error.subcode !== 0) expect(notificationName(error.code, error.subcode)).not.toMatch(/code \d/);
    expect(NOTIFICATIONS[error.code]).toBeDefined();
    const n = notificationOf({ ...error, why: '' });
    expect(encodeMessage(n, agreed).length).toBeLessThanOrEqual(4096);
  }
  const long = notificationOf({ code: 3, subcode: 9, data: 'ab'.repeat(60_000), why: '' });
  expect(encodeMessage(long, { asn4: true, extendedMessage: false, addPath: [] }).length).toBe(4096);
});

test('the vectors cover every attribute and capability of the tables, and every reaction', () => {
  const attributes = new Set<string>();
  const capabilities = new Set<string>();
  for (const { value } of sound) {
    if (value?.kind === 'update') for (const a of value.attributes) attributes.add(a.kind);
    if (value?.kind === 'open') for (const c of value.capabilities) capabilities.add(c.kind);
  }
  const missing = Object.keys(ATTRIBUTES).filter((k) => !attributes.has(k) && k !== 'mpUnreachOpaque');
  expect(missing).toEqual([]);
  expect(Object.keys(CAPABILITIES).filter((k) => !capabilities.has(k))).toEqual([]);
  expect(new Set(refused.map((v) => v.reaction))).toEqual(
    new Set(['discard', 'withdraw', 'reset', undefined]),
  );
});
