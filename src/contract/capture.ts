/** How live capture may be asked for: shared by the configuration, the command line and the capture itself. */

/** `auto`: AF_PACKET on Linux; elsewhere dumpcap, else tcpdump. */
export const CAPTURE_METHODS = ['auto', 'af_packet', 'dumpcap', 'tcpdump'] as const;
export type CaptureMethod = (typeof CAPTURE_METHODS)[number];

/** Threads that share the packets. */
export const MAX_WORKERS = 64;

/** Threads that share a capture file: about 100 MB each, and past three or four of them the one that judges is the limit. */
export const MAX_SHARDS = 8;
