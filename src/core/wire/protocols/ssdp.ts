/** SSDP: HTTP requests and responses in single datagrams (UPnP Device Architecture 2.0 §1). It opens no request that a server waits for. */
import { type AppProtocol, type AppReader, NOT_MINE, READ } from '../app-protocol.ts';
import type { AppRow } from '../app-row.ts';
import { HttpMessage, MAX_PATH_CHARS } from '../http.ts';
import type { Span } from '../span.ts';

export const ssdp: AppProtocol = {
  name: 'ssdp',
  udpPorts: [1900],
  createReader: () => new SsdpReader(),
};

class SsdpReader implements AppReader {
  readonly #http = new HttpMessage();

  read({ bytes, start, end }: Span, row: AppRow): number {
    const http = this.#http;
    if (!http.at(bytes, start, end, true)) return NOT_MINE;
    const { batch, text } = row;
    const at = row.row;
    if (!http.isRequest) {
      batch.httpStatus[at] = http.status;
      return READ;
    }
    const pathEnd = Math.min(http.pathEnd, http.pathStart + MAX_PATH_CHARS);
    batch.httpMethod.set(at, text.read(bytes, http.methodStart, http.methodEnd));
    batch.httpPath.set(at, text.read(bytes, http.pathStart, pathEnd));
    if (http.hostStart >= 0) batch.httpHost.set(at, text.read(bytes, http.hostStart, http.hostEnd));
    if (http.userAgentStart >= 0)
      batch.httpUserAgent.set(at, text.read(bytes, http.userAgentStart, http.userAgentEnd));
    return READ;
  }
}
