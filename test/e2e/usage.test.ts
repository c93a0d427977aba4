/** What a person types wrongly: one line that names it, nothing on standard output, and the exit code of the contract. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNotBuilt } from '../support/platform.ts';
import { runCommand } from '../support/run-command.ts';

const LABELS = 'start,end,src_ip,dst_ip,proto,dst_port,label,tool,technique\n';
const DEMO = 'demo/demo.pcap.zst';

/** The magic number of a pcap file and nothing else. */
const BEGUN = Uint8Array.of(0xd4, 0xc3, 0xb2, 0xa1);

describe.skipIf(whyNotBuilt)(`wrong words and files ${whyNotBuilt}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'phantomnet-usage-'));
  beforeAll(() => {
    writeFileSync(join(folder, 'empty.pcap'), '');
    writeFileSync(join(folder, 'text.pcap'), 'this is not a capture\n');
    writeFileSync(join(folder, 'begun.pcap'), BEGUN);
    writeFileSync(join(folder, 'labels.csv'), `${LABELS}1,2,*,*,*,*,Sorcery,x,T1\n`);
    writeFileSync(join(folder, 'key.yaml'), 'server: { prot: 1 }\n');
    writeFileSync(join(folder, 'list.yaml'), '- 1\n');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each<[words: string, code: number, says: RegExp]>([
    ['pakets x', 2, /unknown command 'pakets'/],
    ['packets', 2, /missing required argument 'file'/],
    ['packets F/nothere.pcap', 2, /Cannot read F\/nothere.pcap: there is no such file/],
    ['worker', 2, /Cannot run as worker: database.url is not set/],
    ['server --tls-cert x', 2, /--tls-cert and --tls-key belong together/],
    ['sensor resend --to http://127.0.0.1:1', 2, /without an API key/],
    ['flows F', 2, /Cannot read F: it is a folder/],
    ['windows F/empty.pcap --json', 2, /empty.pcap is empty, not a capture/],
    ['analyze F/text.pcap --json', 2, /text.pcap is neither a pcap nor a pcapng capture/],
    ['analyze F/begun.pcap --json', 1, /begun.pcap is damaged at byte 0: its header is cut short/],
    ['windows F/text.pcap --size 7', 2, /Allowed choices are 5, 30, 180/],
    [`analyze ${DEMO} --report F/no/report.html`, 2, /Cannot write the report F\/no\/report.html/],
    [`analyze ${DEMO} --model F/nothere`, 2, /Cannot read the model F\/nothere: there is no such/],
    [`analyze ${DEMO} --model F/text.pcap`, 2, /F\/text.pcap: Cannot use the model file/],
    [`evaluate ${DEMO} --labels F/labels.csv`, 2, /labels.csv: line 2: 'Sorcery'/],
    ['models show F/text.pcap', 2, /F\/text.pcap: Cannot use the model file/],
    ['models promote', 2, /missing required argument 'hash'/],
    [`replay ${DEMO} --to http://127.0.0.1:9`, 2, /PHANTOMNET_KEY/],
    [`replay ${DEMO} --key k --to nonsense`, 2, /nonsense: it is not a URL/],
    [`replay ${DEMO} --key k --to http://127.0.0.1:9 --speed fast`, 2, /at speed fast/],
    ['config check -c F/key.yaml', 2, /key.yaml: server.prot: there is no such key/],
    ['config check -c F/list.yaml', 2, /list.yaml: Invalid input: expected object/],
    ['config check -c F/nothere.yaml', 2, /Cannot read F\/nothere.yaml: there is no such file/],
    ['up --port 70000', 2, /Not a port number/],
    ['up --data-dir F/text.pcap', 2, /Cannot use data_dir F\/text.pcap/],
    ['bench nothing', 2, /There is no area nothing/],
    ['users password --data-dir F', 2, /There is no database below F/],
    ['block 1.2.3.4 --url nonsense', 2, /nonsense: it is not an http or https URL/],
    ['alerts --url http://192.0.2.1', 2, /PHANTOMNET_KEY/],
  ])('%s', async (words, code, says) => {
    const result = await runCommand(words.split(' ').map((word) => word.replace(/^F/, folder)));
    expect({ ...result, err: result.err.replaceAll(folder, 'F') }).toEqual({
      out: '',
      err: expect.stringMatching(says),
      code,
    });
    expect(result.err).not.toContain('    at ');
  });
});
