import { expect, test } from 'vitest';
import { dialError, HostError, listenError, lossReason } from './error.ts';

const code = (name: string) => Object.assign(new Error(name), { code: name });

test('a port below 1024 without the right to it says what to do', () => {
  const error = listenError('0.0.0.0 port 179', 179, code('EACCES'));
  expect(error.kind).toBe('permission');
  expect(error.message).toMatch(
    /ports below 1024 need root or CAP_NET_BIND_SERVICE .* choose a port from 1024/,
  );
  expect(listenError('0.0.0.0 port 1790', 1790, code('EACCES')).message).not.toMatch(/1024/);
});

test('every refusal of the system becomes one sentence without a full stop', () => {
  const codes = [
    'EADDRINUSE',
    'EACCES',
    'EADDRNOTAVAIL',
    'EAFNOSUPPORT',
    'EMFILE',
    'ECONNREFUSED',
    'ETIMEDOUT',
  ];
  codes.push('EHOSTUNREACH', 'ENETUNREACH', 'ECONNRESET', 'EINVAL', 'EPERM');
  for (const name of codes) {
    for (const error of [
      listenError('192.0.2.1 port 179', 179, code(name)),
      dialError('192.0.2.1 port 179', undefined, code(name)),
      dialError('192.0.2.1 port 179', '192.0.2.2', code(name)),
    ]) {
      expect(error).toBeInstanceOf(HostError);
      expect(error.message).toContain('192.0.2.1 port 179');
      expect(error.message).not.toMatch(/undefined|\.$/);
    }
    expect(lossReason(code(name)).length).toBeGreaterThan(5);
  }
});

test('an error that is one already stays as it is', () => {
  const error = new HostError('protection', 'no');
  expect(listenError('x', 1, error)).toBe(error);
  expect(dialError('x', undefined, error)).toBe(error);
});
