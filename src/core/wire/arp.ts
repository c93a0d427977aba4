/** ARP for IPv4 over 48-bit hardware addresses (RFC 826), and RARP, read in place. */
import { readMac } from './link-header.ts';

export const ARP_BYTES = 28;
const PROTOCOL_TYPE = 2;
const HARDWARE_LENGTH = 4;
const PROTOCOL_LENGTH = 5;
const OPERATION = 6;
const SENDER_MAC = 8;
const SENDER_IP = 14;
const TARGET_MAC = 18;
const TARGET_IP = 24;
const IPV4_TYPE = 0x0800;

export class ArpMessage {
  #view: DataView = new DataView(new ArrayBuffer(0));
  #start = 0;

  /** False if cut short; `isIpv4OverMac` says whether the addresses may be read. */
  at(view: DataView, start: number, end: number): boolean {
    if (end - start < ARP_BYTES) return false;
    this.#view = view;
    this.#start = start;
    return true;
  }

  get isIpv4OverMac(): boolean {
    const view = this.#view;
    return (
      view.getUint16(this.#start + PROTOCOL_TYPE) === IPV4_TYPE &&
      view.getUint8(this.#start + HARDWARE_LENGTH) === 6 &&
      view.getUint8(this.#start + PROTOCOL_LENGTH) === 4
    );
  }

  get operation(): number {
    return this.#view.getUint16(this.#start + OPERATION);
  }

  get senderMac(): number {
    return readMac(this.#view, this.#start + SENDER_MAC);
  }

  get senderIp(): number {
    return this.#view.getUint32(this.#start + SENDER_IP);
  }

  get targetMac(): number {
    return readMac(this.#view, this.#start + TARGET_MAC);
  }

  get targetIp(): number {
    return this.#view.getUint32(this.#start + TARGET_IP);
  }
}
