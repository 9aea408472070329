/**
 * A process that only passes bytes on: what one more Node process between feeder and sink costs, whatever it does.
 * Usage: relay.ts LISTEN-ADDRESS LOCAL-ADDRESS SINK-ADDRESS
 */
import net from 'node:net';

const [listen, local, sink] = process.argv.slice(2) as [string, string, string];
net
  .createServer((near) => {
    const far = net.connect({ host: sink, port: 179, localAddress: local });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.setNoDelay(true);
      from.on('data', (chunk) => to.write(chunk));
      from.on('error', () => undefined);
      from.once('close', () => to.destroy());
    }
  })
  .listen(179, listen, () => process.stdout.write('listening\n'));
