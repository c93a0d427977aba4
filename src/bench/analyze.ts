/** The whole pipeline offline: decode, flows, windows of all entities, models, detectors, alerts, on one core. */
import { readFileSync } from 'node:fs';
import { loadJudge } from '../app/model.ts';
import { SHIPPED_MODEL } from '../app/package-paths.ts';
import { Analysis } from '../core/engine/analysis.ts';
import type { Judge } from '../core/engine/judge.ts';
import { readCaptureSharded } from '../sharded/read-capture-sharded.ts';
import { ShardedAnalysis } from '../sharded/sharded-analysis.ts';
import { readCapture } from '../workshop/read-capture.ts';
import type { BenchCapture } from './bench-capture.ts';
import { makeLabCapture } from './lab-capture.ts';
import { compare, type Measure } from './measure.ts';
import { hasPythonLibrary, isInstalled, ownSecondsOf, PYTHON, secondsOf } from './peer-command.ts';

/** Few: it takes seconds for ten thousand. */
const FLOW_METER_PACKETS = 40_000;
/** What CICFlowMeter's Python version does, by the same library: conversations with lengths, gaps and flags by direction. */
const FLOW_METER = `
import sys
from scapy.all import PcapReader, IP, IPv6, TCP, UDP
flows = {}
for p in PcapReader(sys.argv[1]):
    ip = p.getlayer(IP) or p.getlayer(IPv6)
    if ip is None: continue
    port = p.getlayer(TCP) or p.getlayer(UDP)
    a = (ip.src, port.sport if port else 0)
    b = (ip.dst, port.dport if port else 0)
    kind = 6 if TCP in p else 17 if UDP in p else 1
    flow = flows.get((a, b, kind)) or flows.get((b, a, kind))
    if flow is None: flow = flows[(a, b, kind)] = {'from': a, 'fwd': [], 'bwd': [], 'flags': 0, 'first': p.time}
    flow['fwd' if a == flow['from'] else 'bwd'].append((float(p.time), len(p), len(port.payload) if port else 0))
    if kind == 6: flow['flags'] |= int(p[TCP].flags)
for flow in flows.values():
    for side in ('fwd', 'bwd'):
        packets = flow[side]
        lengths = [length for _, length, _ in packets]
        gaps = [b[0] - a[0] for a, b in zip(packets, packets[1:])]
        for values in (lengths, gaps):
            mean = sum(values) / len(values) if values else 0
            sum((value - mean) ** 2 for value in values)
            min(values, default=0); max(values, default=0)
`;

const THREADS = 2;

export async function* benchAnalyze(say: (line: string) => void): AsyncGenerator<Measure> {
  const capture = await makeLabCapture(say);
  const { judge } = loadJudge(null);
  say(`${capture.packets} packets, ${judge ? 'with' : 'without'} models`);
  const ours = async ({ path, packets } = capture) =>
    packets /
    (await ownSecondsOf(async () => {
      await readCapture(path, new Analysis({ sensorId: 'bench', judge }), () => {});
    }));
  const peers = [
    { name: 'analyze.pps_vs_ndpireader', command: 'ndpiReader', args: ['-i', capture.path, '-q'] },
    {
      name: 'analyze.pps_vs_argus',
      command: 'argus',
      args: ['-F', '/dev/null', '-r', capture.path, '-w', '/dev/null'],
    },
  ];
  try {
    await ours();
    for (const { name, command, args } of peers)
      yield await compare(
        { area: 'analyze', name, unit: 'packets/s', peerName: command },
        () => ours(),
        isInstalled(command) ? () => capture.packets / secondsOf(command, args) : null,
      );
    yield await threadsAgainstOne(capture, judge);
  } finally {
    capture.remove();
  }
  if (hasPythonLibrary('scapy')) yield await againstFlowMeter(say, ours);
}

/** By the clock: what waiting is shorter by. */
async function threadsAgainstOne(
  { path, packets }: BenchCapture,
  judge: Judge | null,
): Promise<Measure> {
  const model = judge && readFileSync(SHIPPED_MODEL);
  const options = { sensorId: 'bench', judge };
  const rate = async (run: () => Promise<unknown>) => {
    const before = performance.now();
    await run();
    return packets / ((performance.now() - before) / 1000);
  };
  return await compare(
    {
      ...{ area: 'analyze', name: 'analyze.two_threads_vs_one', unit: 'packets/s' },
      peerName: 'one thread',
    },
    () =>
      rate(async () => {
        const analysis = new ShardedAnalysis({ ...options, model, shards: THREADS });
        try {
          await readCaptureSharded(path, analysis, () => {});
        } finally {
          await analysis.end();
        }
      }),
    () => rate(() => readCapture(path, new Analysis(options), () => {})),
  );
}

async function againstFlowMeter(
  say: (line: string) => void,
  ours: (capture: BenchCapture) => Promise<number>,
): Promise<Measure> {
  const capture = await makeLabCapture(say, FLOW_METER_PACKETS);
  try {
    return await compare(
      {
        ...{ area: 'analyze', name: 'analyze.pps_vs_cicflowmeter', unit: 'packets/s' },
        peerName: 'a flow meter of Scapy',
      },
      () => ours(capture),
      () => capture.packets / secondsOf(PYTHON, ['-c', FLOW_METER, capture.path]),
    );
  } finally {
    capture.remove();
  }
}
