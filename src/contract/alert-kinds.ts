/** The kinds of alert, with the ATT&CK techniques they stand for. The docs list the same; a test compares. */
export const ALERT_KINDS = {
  SYN_Flood: ['T1499.001'],
  UDP_Flood: ['T1498.001'],
  ICMP_Flood: ['T1498.001'],
  Amplification: ['T1498.002'],
  HTTP_Flood: ['T1499.002'],
  Slowloris: ['T1499.002'],
  Port_Scan: ['T1595.001'],
  Host_Discovery: ['T1018'],
  Brute_Force: ['T1110.001'],
  Honeypot_Contact: ['T1595'],
  SQL_Injection: ['T1190'],
  Web_Exploit: ['T1190'],
  Web_Scan: ['T1595.002'],
  DNS_Tunnel: ['T1071.004'],
  ARP_Spoof: ['T1557.002'],
  C2_Beacon: ['T1071'],
  Exfiltration: ['T1048'],
  Lateral_Movement: ['T1021'],
  Anomaly: [],
  Honeypot_Login: ['T1078'],
} as const satisfies Record<string, readonly string[]>;

export type AlertKind = keyof typeof ALERT_KINDS;

export const ALERT_KIND_NAMES = Object.keys(ALERT_KINDS) as [AlertKind, ...AlertKind[]];
