/** `phantomnet enforcer`: the one process that may change the firewall. Needs CAP_NET_ADMIN and nothing else. */
import { Enforcer } from '../firewall/enforcer.ts';
import { runEnforcerProcess } from '../firewall/enforcer-process.ts';
import { Nftables } from '../firewall/nftables.ts';
import { ownNetworks } from '../firewall/own-addresses.ts';

export interface EnforcerCommandOptions {
  /** The Unix socket to listen on; its folder is made with mode 0700. */
  readonly socket: string;
  /** The user and group that may use it besides root, when the server runs as another user. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Ends when standard input does: with a pipe there, the enforcer does not outlive the one who started it. */
  readonly untilStdinEnds?: boolean;
  readonly err: NodeJS.WritableStream;
}

/**
 * Runs until SIGINT, SIGTERM or a client's `stop`. Blocks stay in force until their time is over.
 * @throws AppError `firewall_unavailable` saying what to grant, `config_invalid`, `conflict`
 */
export async function enforcer({
  socket,
  owner,
  untilStdinEnds,
  err,
}: EnforcerCommandOptions): Promise<void> {
  const firewall = new Nftables();
  const running = await runEnforcerProcess({
    enforcer: new Enforcer({ firewall, discover: ownNetworks }),
    socketPath: socket,
    ...(owner && { owner }),
    onError: (error) => err.write(`${error instanceof Error ? error.message : String(error)}\n`),
  });
  err.write(`Enforcer: ${firewall.name}, listening on ${socket}\n`);
  const stop = () => void running.stop();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  if (untilStdinEnds) process.stdin.resume().once('close', stop);
  await running.finished;
  process.off('SIGINT', stop).off('SIGTERM', stop);
  process.stdin.destroy();
}
