/** The receiving end of `scp -t`, as old clients and most bots upload: headers `C<mode> <bytes> <name>`, each answered by a zero byte. */
import type { ServerChannel } from 'ssh2';
import type { LureSession } from './lure-session.ts';
import type { Upload } from './upload-store.ts';

const OK = Buffer.of(0);
const MAX_HEADER_BYTES = 1024;

export function receiveScp(channel: ServerChannel, session: LureSession): void {
  let header = '';
  let upload: Upload | null = null;
  /** Of the file, then of its closing zero byte. */
  let remaining = 0;

  channel.on('data', (chunk: Buffer) => {
    let rest = chunk;
    while (rest.length > 0 && channel.writable)
      rest = upload ? takeFile(upload, rest) : takeHeader(rest);
  });
  channel.on('end', () => {
    if (upload) session.finishUpload(upload);
    if (!channel.writable) return;
    channel.exit(0);
    channel.end();
  });
  channel.write(OK);

  function takeFile(file: Upload, bytes: Buffer): Buffer {
    const part = bytes.subarray(0, remaining);
    session.writeUpload(file, part);
    remaining -= part.length;
    if (remaining > 0 || part.length === bytes.length) return bytes.subarray(part.length);
    session.finishUpload(file);
    upload = null;
    channel.write(OK);
    return bytes.subarray(part.length + 1);
  }

  function takeHeader(bytes: Buffer): Buffer {
    const end = bytes.indexOf(10);
    header += bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
    if (header.length > MAX_HEADER_BYTES) return refuse('protocol error: line too long');
    if (end < 0) return Buffer.alloc(0);
    const file = /^C[0-7]{4} (\d{1,15}) (.+)$/.exec(header);
    const isOther = /^[DTE]/.test(header);
    header = '';
    if (file) {
      remaining = Number(file[1]);
      upload = session.beginUpload(file[2] ?? '');
      if (!upload) return refuse('No space left on device');
    } else if (!isOther) return refuse('protocol error');
    channel.write(OK);
    return bytes.subarray(end + 1);
  }

  function refuse(message: string): Buffer {
    channel.write(`\u0002scp: ${message}\n`);
    channel.exit(1);
    channel.end();
    return Buffer.alloc(0);
  }
}
