/** A passive data port: listens on the address that the visitor already speaks to, for one connection of that same visitor. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { canonicalAddress } from '../core/response/address.ts';
import type { LureLimits } from './lure-limits.ts';

/** How long a visitor may take to connect after PASV. */
const WAIT_MS = 10_000;

export class FtpDataPort {
  readonly port: number;
  readonly #server: Server;
  readonly #connection: Promise<Socket | null>;
  readonly #timer: NodeJS.Timeout;
  #taken: Socket | null = null;

  private constructor(server: Server, sourceIp: string) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.#connection = new Promise((resolve) => {
      server.on('connection', (socket) => {
        socket.on('error', () => {}); // close follows
        if (this.#taken || canonicalAddress(socket.remoteAddress ?? '') !== sourceIp) {
          socket.destroy();
          return;
        }
        this.#taken = socket;
        server.close();
        resolve(socket);
      });
      server.on('close', () => resolve(this.#taken));
    });
    this.#timer = setTimeout(() => this.close(), WAIT_MS);
  }

  /** Null if no port is to be had. */
  static open(localIp: string, sourceIp: string): Promise<FtpDataPort | null> {
    const server = createServer({ pauseOnConnect: true });
    return new Promise((resolve) => {
      server.once('error', () => resolve(null));
      server.listen({ host: localIp, port: 0, backlog: 1 }, () =>
        resolve(new FtpDataPort(server, sourceIp)),
      );
    });
  }

  /** The visitor's connection, paused; null if it did not come in time. Ends by itself at the session's time limits. */
  async accept(limits: LureLimits): Promise<Socket | null> {
    const socket = await this.#connection;
    clearTimeout(this.#timer);
    socket?.setTimeout(limits.idleMs, () => socket.destroy());
    socket?.resume();
    return socket;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#server.close();
    this.#taken?.destroy();
  }
}
