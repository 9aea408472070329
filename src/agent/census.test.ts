import net from 'node:net';
import { expect, test } from 'vitest';
import type { Address } from '../base/index.ts';
import { established, kernelForms, sessions } from './census.ts';

test('an address is looked for as the kernel prints it, on machines that put the least byte first', () => {
  expect(kernelForms('127.0.0.1' as Address)).toEqual(['0100007F', '0000000000000000FFFF00000100007F']);
  expect(kernelForms('2001:db8::80' as Address)).toEqual(['B80D0120000000000000000080000000']);
  const table = `  sl  local_address rem_address   st
   0: 0100007F:0050 0100007F:C350 01 00000000:00000000 00:00000000 00000000
   1: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000
   2: 0200007F:0050 0100007F:C351 01 00000000:00000000 00:00000000 00000000
`;
  expect(established(table, new Set(kernelForms('127.0.0.1' as Address)))).toBe(1);
});

test.runIf(process.platform === 'linux')(
  'connections to an address are counted while they stand',
  async () => {
    const address = '127.44.0.9' as Address;
    const server = net.createServer().listen(0, address);
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as net.AddressInfo;
    const clients = [1, 2, 3].map(() => net.connect(port, address));
    await Promise.all(clients.map((c) => new Promise((resolve) => c.once('connect', resolve))));
    expect(await sessions([address])).toBe(3);
    for (const client of clients) client.destroy();
    server.close();
  },
);
