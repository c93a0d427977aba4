import { expect, it } from 'vitest';
import { describeFirewall } from './firewall.suite.ts';
import { MAX_BLOCKS } from './firewall.ts';
import { RecordingFirewall } from './recording.ts';

describeFirewall('RecordingFirewall', async () => {
  let nowMs = 1e12;
  const wait = async (seconds: number) => {
    nowMs += seconds * 1000;
  };
  return { firewall: new RecordingFirewall({ now: () => nowMs }), wait };
});

it('refuses the block that is one too many', async () => {
  const firewall = new RecordingFirewall();
  const blocks = Array.from({ length: MAX_BLOCKS }, (_, index) => ({
    ip: `10.0.${index >> 8}.${index & 255}`,
    remainingSeconds: null,
  }));
  await firewall.blockAll(blocks);
  await expect(firewall.block('203.0.113.9', 60)).rejects.toMatchObject({ code: 'overloaded' });
  await firewall.block('10.0.0.1', 60);
  await firewall.block('2001:db8::1', 60);
  expect(await firewall.list()).toHaveLength(MAX_BLOCKS + 1);
});
