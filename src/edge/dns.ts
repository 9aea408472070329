/** DNS over UDP and TCP at one endpoint, with limits on what a stranger may cost. */
import dgram from 'node:dgram';
import net from 'node:net';
import { familyOf } from '../base/index.ts';
import { type Endpoint, listenError } from '../host/index.ts';
import { answerDns, type DnsOptions } from './answer.ts';
import type { Mood, Outlet } from './outlet.ts';

/** TCP clients at the same time; the next one is closed at once. */
const CONNECTIONS = 256;
/** A TCP client that has not brought a whole question for so long is let go (RFC 7766 §6.2.3). */
const IDLE_MS = 5000;
/** No honest question is longer. */
const QUERY_LIMIT = 4096;
/** A client that does not read its answers is let go. */
const UNREAD_LIMIT = 65_536;
/** Ports that the system chooses for TCP may be taken for UDP. */
const TRIES = 16;

/** Opens UDP and TCP on the same port. Rejects with a HostError. */
export async function serveDns(at: Endpoint, options: DnsOptions, mood: () => Mood): Promise<Outlet> {
  for (let tries = 1; ; tries++) {
    const tcp = new TcpSide(options, mood);
    const udp = new UdpSide(options, mood);
    try {
      const port = await tcp.open(at);
      await udp.open({ ...at, port });
      return outlet({ ...at, port }, tcp, udp);
    } catch (error) {
      tcp.close();
      udp.close();
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (at.port === 0 && taken && tries < TRIES) continue;
      throw listenError(`${at.address} port ${at.port}`, at.port, error);
    }
  }
}

function outlet(bound: Endpoint, tcp: TcpSide, udp: UdpSide): Outlet {
  return {
    bound,
    get sessions() {
      return tcp.sessions;
    },
    get answered() {
      return tcp.answered + udp.answered;
    },
    close: async () => {
      udp.close();
      await tcp.close();
    },
  };
}

class UdpSide {
  answered = 0;
  readonly #options: DnsOptions;
  readonly #mood: () => Mood;
  #socket: dgram.Socket | undefined;

  constructor(options: DnsOptions, mood: () => Mood) {
    this.#options = options;
    this.#mood = mood;
  }

  open(at: Endpoint): Promise<void> {
    const socket = dgram.createSocket(
      familyOf(at.address) === 4 ? { type: 'udp4' } : { type: 'udp6', ipv6Only: true },
    );
    this.#socket = socket;
    socket.on('message', (message, from) => this.#answer(message, from));
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address: at.address, port: at.port }, () => {
        socket.off('error', reject);
        // What cannot be sent is a client's loss alone.
        socket.on('error', () => {});
        resolve();
      });
    });
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  #answer(message: Buffer, from: dgram.RemoteInfo): void {
    const mood = this.#mood();
    // From port 0 nobody waits, and small well-known ports are how servers are set upon each other.
    if (mood === 'hang' || from.port === 0 || message.length > QUERY_LIMIT) return;
    const answer = answerDns(message, 'udp', this.#options, mood === 'wrong');
    if (!answer) return;
    this.answered++;
    this.#socket?.send(answer, from.port, from.address, () => {});
  }
}

class TcpSide {
  answered = 0;
  readonly #options: DnsOptions;
  readonly #mood: () => Mood;
  readonly #server: net.Server;
  readonly #clients = new Set<net.Socket>();

  constructor(options: DnsOptions, mood: () => Mood) {
    this.#options = options;
    this.#mood = mood;
    this.#server = net.createServer({ noDelay: true }, (socket) => this.#welcome(socket));
    this.#server.maxConnections = CONNECTIONS;
  }

  get sessions(): number {
    return this.#clients.size;
  }

  open(at: Endpoint): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: at.address, port: at.port, ipv6Only: true }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', () => {});
        resolve((this.#server.address() as net.AddressInfo).port);
      });
    });
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#clients) socket.destroy();
    await closed;
  }

  #welcome(socket: net.Socket): void {
    this.#clients.add(socket);
    let idle = setTimeout(() => socket.destroy(), IDLE_MS);
    let got: Buffer = Buffer.alloc(0);
    socket.on('close', () => {
      clearTimeout(idle);
      this.#clients.delete(socket);
    });
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      if (this.#mood() === 'hang') return;
      got = got.length > 0 ? Buffer.concat([got, chunk]) : chunk;
      while (got.length >= 2) {
        const length = got.readUInt16BE(0);
        if (length > QUERY_LIMIT) return void socket.destroy();
        if (got.length < 2 + length) return;
        const answer = answerDns(got.subarray(2, 2 + length), 'tcp', this.#options, this.#mood() === 'wrong');
        got = got.subarray(2 + length);
        // Over TCP, silence would leave the client waiting.
        if (!answer || socket.writableLength > UNREAD_LIMIT) return void socket.destroy();
        this.answered++;
        const head = Buffer.alloc(2);
        head.writeUInt16BE(answer.length);
        socket.write(Buffer.concat([head, answer]));
        clearTimeout(idle);
        idle = setTimeout(() => socket.destroy(), IDLE_MS);
      }
    });
  }
}
