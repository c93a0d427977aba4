/**
 * Blocks in Linux nftables, in a table of our own, `inet phantomnet`, so that nothing else's rules are touched and
 * all of it goes with the table.
 *
 * One set per IP version holds the blocked sources; the kernel itself removes an element when its time is over, also
 * when this process has died. The one chain hooks into prerouting before connection tracking (priority
 * raw is -300) and looks at the source only, not at the state: every packet to this machine or through it passes there
 * once, so an established connection is cut as well as a new one, and a flood of a blocked source costs no
 * tracking entry. Hooks on input and forward would see a subset of the same packets, later.
 */
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { type BlockTarget, secondsOf, targetOf } from './block-target.ts';
import { type ActiveBlock, type Firewall, MAX_BLOCKS } from './firewall.ts';
import { NftError, runNft } from './nft-command.ts';

const FAMILY = 'inet';
const TABLE = 'phantomnet';
const CHAIN = 'prerouting';
const PRIORITY = -310;
const SETS = { 4: 'blocked4', 6: 'blocked6' } as const;
const IN_TABLE = { family: FAMILY, table: TABLE } as const;

/** An element is a bare address, or an object when it has a time-out. */
const Element = z.union([
  z.string(),
  z.object({ elem: z.object({ val: z.string(), expires: z.number().optional() }) }),
]);
const SetListing = z.object({
  nftables: z.array(z.object({ set: z.object({ elem: z.array(Element).default([]) }).optional() })),
});

export class Nftables implements Firewall {
  readonly name = 'nftables';
  readonly #command: readonly string[];
  /** Commands run one after another, so that an answer belongs to its question. */
  #last: Promise<unknown> = Promise.resolve();

  /** `command`: how nft is run, for a namespace other than our own. */
  constructor(options: { command?: readonly string[] } = {}) {
    this.#command = options.command ?? ['nft'];
  }

  /** Blocks of an earlier run stay in force. */
  async open(): Promise<void> {
    await this.#apply([
      { add: { table: { family: FAMILY, name: TABLE } } },
      { add: { set: setNamed(SETS[4], 'ipv4_addr') } },
      { add: { set: setNamed(SETS[6], 'ipv6_addr') } },
      {
        add: {
          chain: {
            ...IN_TABLE,
            name: CHAIN,
            type: 'filter',
            hook: CHAIN,
            prio: PRIORITY,
            policy: 'accept',
          },
        },
      },
      // Adding a rule twice would make two of it; the transaction leaves no moment without.
      { flush: { chain: { ...IN_TABLE, name: CHAIN } } },
      { add: { rule: dropRule('ip', SETS[4]) } },
      { add: { rule: dropRule('ip6', SETS[6]) } },
    ]);
  }

  async block(ip: string, seconds: number | null): Promise<void> {
    await this.blockAll([{ ip, remainingSeconds: seconds }]);
  }

  async blockAll(blocks: readonly ActiveBlock[]): Promise<void> {
    const orders = new Map(
      blocks.map(({ ip, remainingSeconds }) => {
        const target = targetOf(ip);
        return [target.ip, { target, seconds: secondsOf(remainingSeconds) }] as const;
      }),
    );
    if (orders.size === 0) return;
    const wanted = [...orders.values()];
    const plain = wanted.map(({ target }) => ({ target, element: target.ip as unknown }));
    const timed = wanted.map(({ target, seconds }) => ({
      target,
      element: seconds === null ? target.ip : { elem: { val: target.ip, timeout: seconds } },
    }));
    // Adding what is there keeps its old time-out on most kernels, so: make sure it is there, take it out, put it in.
    const commands = [
      ...elementCommands('add', plain),
      ...elementCommands('delete', plain),
      ...elementCommands('add', timed),
    ];
    try {
      await this.#apply(commands).catch(async (error: unknown) => {
        if (!isMissing(error)) throw error;
        // `removeAll`, or another program has flushed the whole ruleset: make the table anew.
        await this.open();
        await this.#apply(commands);
      });
    } catch (error) {
      if (!(error instanceof NftError && /too many open files|set is full/i.test(error.message)))
        throw error;
      throw new AppError(
        'overloaded',
        `Cannot block more than ${MAX_BLOCKS} addresses of one IP version at once`,
      );
    }
  }

  async unblock(ip: string): Promise<boolean> {
    const target = targetOf(ip);
    try {
      await this.#apply(elementCommands('delete', [{ target, element: target.ip }]));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  async list(): Promise<ActiveBlock[]> {
    const listings = await Promise.all([SETS[4], SETS[6]].map((name) => this.#listSet(name)));
    return listings.flat();
  }

  /** Takes the table out of the kernel; the next block makes it anew. */
  async removeAll(): Promise<void> {
    const table = { family: FAMILY, name: TABLE };
    // Adding first makes deleting succeed also when there is no such table.
    await this.#apply([{ add: { table } }, { delete: { table } }]);
  }

  async #listSet(name: string): Promise<ActiveBlock[]> {
    try {
      const output = await this.#run(['-j', 'list', 'set', FAMILY, TABLE, name], '');
      return SetListing.parse(JSON.parse(output)).nftables.flatMap(({ set }) =>
        (set?.elem ?? []).map(blockOf),
      );
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  #apply(commands: readonly object[]): Promise<string> {
    return this.#run(['-j', '-f', '-'], JSON.stringify({ nftables: commands }));
  }

  #run(args: readonly string[], input: string): Promise<string> {
    const result = this.#last.then(() => runNft(this.#command, args, input));
    this.#last = result.catch(() => {});
    return result;
  }
}

/** The table, the set or the element is not there. */
function isMissing(error: unknown): boolean {
  return error instanceof NftError && /no such file/i.test(error.message);
}

function setNamed(name: string, type: string): object {
  return { ...IN_TABLE, name, type, flags: ['timeout'], size: MAX_BLOCKS };
}

function dropRule(protocol: string, set: string): object {
  const source = { payload: { protocol, field: 'saddr' } };
  return {
    ...IN_TABLE,
    chain: CHAIN,
    expr: [
      { match: { op: '==', left: source, right: `@${set}` } },
      { counter: null },
      { drop: null },
    ],
  };
}

function elementCommands(
  verb: 'add' | 'delete',
  elements: readonly { target: BlockTarget; element: unknown }[],
): object[] {
  return ([4, 6] as const).flatMap((version) => {
    const elem = elements
      .filter(({ target }) => target.version === version)
      .map(({ element }) => element);
    return elem.length === 0
      ? []
      : [{ [verb]: { element: { ...IN_TABLE, name: SETS[version], elem } } }];
  });
}

function blockOf(element: z.infer<typeof Element>): ActiveBlock {
  if (typeof element === 'string') return { ip: element, remainingSeconds: null };
  return { ip: element.elem.val, remainingSeconds: element.elem.expires ?? null };
}
