/** The interactive shell: line editing for visitors with a terminal, plain lines for the others. */
import type { ServerChannel } from 'ssh2';
import { KERNEL } from './fake-machine.ts';
import { FakeShell } from './fake-shell.ts';
import type { LureSession } from './lure-session.ts';

/** Longer lines are recorded cut. */
const MAX_LINE = 4096;
const GREETING = `Welcome to Ubuntu 22.04.3 LTS (GNU/Linux ${KERNEL} x86_64)

 * Documentation:  https://help.ubuntu.com
 * Management:     https://landscape.canonical.com
 * Support:        https://ubuntu.com/advantage

`;

export function serveTerminal(
  channel: ServerChannel,
  session: LureSession,
  username: string,
  hasTerminal: boolean,
): void {
  const shell = new FakeShell(username);
  const say = (text: string) => {
    if (channel.writable) channel.write(hasTerminal ? text.replaceAll('\n', '\r\n') : text);
  };
  let line = '';
  let previous = '';
  if (hasTerminal) say(GREETING + shell.prompt);

  channel.on('data', (chunk: Buffer) => {
    for (const character of chunk.toString()) {
      if (!channel.writable) return;
      take(character);
      previous = character;
    }
  });
  channel.on('end', () => leave(0));

  function take(character: string): void {
    if (character === '\n' && previous === '\r') return;
    if (character === '\r' || character === '\n') enter();
    else if (!hasTerminal) line = (line + character).slice(0, MAX_LINE);
    else edit(character);
  }

  function edit(character: string): void {
    if (character === '\u0004' && line === '') {
      leave(0);
      return;
    }
    if (character === '\u0003') {
      line = '';
      say(`^C\n${shell.prompt}`);
      return;
    }
    if (character === '\u007f' || character === '\b') {
      if (line !== '') channel.write('\b \b');
      line = line.slice(0, -1);
    } else if (character >= ' ' && line.length < MAX_LINE) {
      line += character;
      channel.write(character);
    }
  }

  function enter(): void {
    const command = line.trim();
    line = '';
    if (hasTerminal) say('\n');
    if (command !== '') {
      session.record('command', { text: command });
      const { output, exitCode, isExit } = shell.run(command);
      say(output);
      if (isExit) {
        leave(exitCode);
        return;
      }
    }
    if (hasTerminal) say(shell.prompt);
  }

  function leave(exitCode: number): void {
    if (!channel.writable) return;
    if (hasTerminal) say('logout\n');
    channel.exit(exitCode);
    channel.end();
  }
}
