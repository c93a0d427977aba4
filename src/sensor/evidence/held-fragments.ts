/**
 * Fragments that nobody asked for by themselves, until it shows what their packet carries: the first fragments of a
 * tunnel's packet tell the tunnel's ends only, and just the one that completes it tells the conversation inside.
 *
 * Bound: `MAX_HELD` fragments; past it those of the packet begun longest ago are given up, and missing in what is
 * given out.
 */
import type { CaptureInterface } from '../../capture/write-pcapng.ts';
import type { PacketList } from './packet-list.ts';

const MAX_HELD = 65_536;

interface HeldFragment {
  readonly file: number;
  readonly block: { readonly offset: number; readonly length: number };
  readonly tsMicros: number;
  readonly from: CaptureInterface;
}

export class HeldFragments {
  /** By the number that the decoder gave their packet, oldest first. */
  readonly #packets = new Map<number, HeldFragment[]>();
  #held = 0;

  hold(packet: number, fragment: HeldFragment): void {
    const known = this.#packets.get(packet);
    if (known) known.push(fragment);
    else this.#packets.set(packet, [fragment]);
    this.#held++;
    for (const oldest of this.#packets.keys()) {
      if (this.#held <= MAX_HELD) return;
      this.#take(oldest);
    }
  }

  /** What is held of the packet goes to `list`. */
  release(packet: number, list: PacketList): void {
    for (const { file, block, tsMicros, from } of this.#take(packet))
      list.add(file, block, tsMicros, from);
  }

  #take(packet: number): readonly HeldFragment[] {
    const fragments = this.#packets.get(packet) ?? [];
    this.#packets.delete(packet);
    this.#held -= fragments.length;
    return fragments;
  }
}
