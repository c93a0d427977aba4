/** SFTP over the made-up machine: uploads are kept, folders are listed, files cannot be read, and changes are said to have been made. */
import { posix } from 'node:path';
import ssh2, { type Attributes, type SFTPWrapper } from 'ssh2';
import { FOLDERS, fileBytes } from './fake-machine.ts';
import type { LureSession } from './lure-session.ts';
import type { Upload } from './upload-store.ts';

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp;
const FOLDER_MODE = 0o040755;
const FILE_MODE = 0o100644;
const MTIME = 1_710_407_520;
/** Each costs an answer: past it the session ends. An upload of the largest size takes 256. */
const MAX_REQUESTS = 4096;
const MAX_HANDLES = 16;

type Handle = { readonly path: string; upload: Upload | null; isListed: boolean };

export function serveSftp(sftp: SFTPWrapper, session: LureSession, home: string): void {
  const handles = new Map<number, Handle>();
  /** Names of what was uploaded here and its sizes, so that a client sees its file; at most as many as requests. */
  const uploaded = new Map<string, number>();
  let nextHandle = 0;
  let requests = 0;

  const resolve = (path: string) => posix.resolve(home, path);
  const isAllowed = () => {
    if (++requests > MAX_REQUESTS) session.end();
    return requests <= MAX_REQUESTS;
  };
  const open = (id: number, handle: Handle) => {
    const key = nextHandle++;
    handles.set(key, handle);
    const buffer = Buffer.alloc(4);
    buffer.writeUInt32BE(key);
    sftp.handle(id, buffer);
  };
  const keyOf = (buffer: Buffer) => (buffer.length === 4 ? buffer.readUInt32BE() : -1);
  const stat = (id: number, path: string) => {
    if (!isAllowed()) return;
    const attributes = attributesOf(resolve(path), home, uploaded);
    if (attributes) sftp.attrs(id, attributes);
    else sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
  };
  const pretend = (name: string) => (id: number, path: string) => {
    if (!isAllowed()) return;
    session.record('command', { text: `sftp ${name} ${resolve(path)}` });
    sftp.status(id, STATUS_CODE.OK);
  };

  sftp.on('OPEN', (id, filename, flags) => {
    if (!isAllowed()) return;
    const path = resolve(filename);
    if (!(flags & OPEN_MODE.WRITE)) {
      session.record('command', { text: `sftp get ${path}` });
      sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
      return;
    }
    const upload = handles.size < MAX_HANDLES ? session.beginUpload(path) : null;
    if (upload) open(id, { path, upload, isListed: true });
    else sftp.status(id, STATUS_CODE.FAILURE);
  });
  // Kept in the order of arrival, which is the file's order with every client seen; gaps are not kept.
  sftp.on('WRITE', (id, buffer, _offset, data) => {
    if (!isAllowed()) return;
    const upload = handles.get(keyOf(buffer))?.upload;
    if (upload) session.writeUpload(upload, data);
    sftp.status(id, upload ? STATUS_CODE.OK : STATUS_CODE.FAILURE);
  });
  sftp.on('CLOSE', (id, buffer) => {
    if (!isAllowed()) return;
    const handle = handles.get(keyOf(buffer));
    handles.delete(keyOf(buffer));
    if (handle?.upload) {
      uploaded.set(handle.path, handle.upload.bytes);
      session.finishUpload(handle.upload);
    }
    sftp.status(id, handle ? STATUS_CODE.OK : STATUS_CODE.FAILURE);
  });
  sftp.on('OPENDIR', (id, filename) => {
    if (!isAllowed()) return;
    const path = resolve(filename);
    session.record('command', { text: `sftp ls ${path}` });
    const isFolder = path === home || Object.hasOwn(FOLDERS, path);
    if (isFolder && handles.size < MAX_HANDLES) open(id, { path, upload: null, isListed: false });
    else sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
  });
  sftp.on('READDIR', (id, buffer) => {
    if (!isAllowed()) return;
    const handle = handles.get(keyOf(buffer));
    const names = handle && !handle.isListed ? (FOLDERS[handle.path] ?? []) : [];
    if (handle) handle.isListed = true;
    if (!handle || names.length === 0) sftp.status(id, STATUS_CODE.EOF);
    else
      sftp.name(
        id,
        names.map((name) => entryOf(handle.path, name, home)),
      );
  });
  sftp.on('READ', (id) => {
    if (isAllowed()) sftp.status(id, STATUS_CODE.EOF);
  });
  sftp.on('REALPATH', (id, path) => {
    if (!isAllowed()) return;
    const filename = resolve(path);
    sftp.name(id, [{ filename, longname: filename, attrs: attributes(FOLDER_MODE, 4096) }]);
  });
  sftp.on('STAT', stat);
  sftp.on('LSTAT', stat);
  sftp.on('FSTAT', (id, buffer) => {
    if (!isAllowed()) return;
    const handle = handles.get(keyOf(buffer));
    if (handle)
      sftp.attrs(
        id,
        attributes(handle.upload ? FILE_MODE : FOLDER_MODE, handle.upload?.bytes ?? 4096),
      );
    else sftp.status(id, STATUS_CODE.FAILURE);
  });
  sftp.on('SETSTAT', (id) => {
    if (isAllowed()) sftp.status(id, STATUS_CODE.OK);
  });
  sftp.on('FSETSTAT', (id) => {
    if (isAllowed()) sftp.status(id, STATUS_CODE.OK);
  });
  sftp.on('MKDIR', pretend('mkdir'));
  sftp.on('RMDIR', pretend('rmdir'));
  sftp.on('REMOVE', pretend('rm'));
  sftp.on('RENAME', (id, from, to) => pretend('rename')(id, `${from} ${to}`));
  sftp.on('READLINK', (id) => {
    if (isAllowed()) sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
  });
  sftp.on('SYMLINK', (id) => {
    if (isAllowed()) sftp.status(id, STATUS_CODE.PERMISSION_DENIED);
  });
  sftp.on('error', () => session.end()); // broken protocol
  sftp.on('end', () => leave(sftp));
}

/**
 * The client has said all and waits for us to end too. A missing exit status would be a failure to it; ssh2 has
 * no method for sending one here.
 */
function leave(sftp: SFTPWrapper): void {
  const { _protocol: protocol, outgoing } = sftp as unknown as {
    _protocol: { exitStatus(channel: number, status: number): void };
    outgoing: { id: number; state: string };
  };
  if (outgoing.state === 'open') protocol.exitStatus(outgoing.id, 0);
  sftp.end();
}

function attributesOf(
  path: string,
  home: string,
  uploaded: ReadonlyMap<string, number>,
): Attributes | null {
  const bytes = uploaded.get(path) ?? fileBytes(path);
  if (bytes !== null) return attributes(FILE_MODE, bytes);
  return path === home || Object.hasOwn(FOLDERS, path) ? attributes(FOLDER_MODE, 4096) : null;
}

function entryOf(folder: string, filename: string, home: string) {
  const attrs =
    attributesOf(posix.join(folder, filename), home, new Map()) ?? attributes(FOLDER_MODE, 4096);
  const kind = attrs.mode === FOLDER_MODE ? 'drwxr-xr-x' : '-rw-r--r--';
  const longname = `${kind}    1 root     root     ${String(attrs.size).padStart(8)} Mar 14 09:12 ${filename}`;
  return { filename, longname, attrs };
}

function attributes(mode: number, size: number): Attributes {
  return { mode, uid: 0, gid: 0, size, atime: MTIME, mtime: MTIME };
}
