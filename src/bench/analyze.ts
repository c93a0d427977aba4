/** The whole pipeline offline: decode, flows, windows of all entities, models, detectors, alerts, on one core. */
import { loadJudge } from '../app/model.ts';
import { Analysis } from '../core/engine/analysis.ts';
import { readCapture } from '../workshop/read-capture.ts';
import { makeLabCapture } from './lab-capture.ts';
import { compare, type Measure } from './measure.ts';
import { isInstalled, ownSecondsOf, secondsOf } from './peer-command.ts';

export async function* benchAnalyze(say: (line: string) => void): AsyncGenerator<Measure> {
  const capture = await makeLabCapture(say);
  const { judge } = loadJudge(null);
  say(`${capture.packets} packets, ${judge ? 'with' : 'without'} models`);
  const ours = async () =>
    capture.packets /
    (await ownSecondsOf(async () => {
      await readCapture(capture.path, new Analysis({ sensorId: 'bench', judge }), () => {});
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
        ours,
        isInstalled(command) ? () => capture.packets / secondsOf(command, args) : null,
      );
  } finally {
    capture.remove();
  }
}
