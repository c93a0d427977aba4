/** The flag bits of a TCP header, RFC 9293 section 3.1. */
export const TcpFlag = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32 } as const;
