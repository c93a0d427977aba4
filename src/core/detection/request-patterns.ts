/**
 * What attacks on web applications look like in the target of a request, after its encodings are undone. A strong
 * pattern (1) has no place in an honest request, two weak ones (0.5) together have none. Sources: OWASP ModSecurity
 * Core Rule Set (rules 930, 932, 933, 942) and the published exploits that the names say; the patterns are our own,
 * linear in the length of the target but for stated short gaps.
 */

export interface RequestPattern {
  readonly name: string;
  readonly strength: 0.5 | 1;
  readonly pattern: RegExp;
}

export const SQL_PATTERNS: readonly RequestPattern[] = [
  strong('union select', /\bunion (?:all |distinct )?\(?select\b/),
  strong(
    'tautology',
    /['")\s](?:or|and|\|\||&&) *['"(]* *(\w{1,32}) *['")]* *(?:=|<|>|like) *['"(]* *\1\b/,
  ),
  strong(
    'time delay',
    /\b(?:sleep|benchmark|pg_sleep|randomblob) ?\( ?[\d'"]|waitfor delay|dbms_(?:pipe|lock)\./,
  ),
  strong(
    'schema',
    /\binformation_schema\b|\bsys(?:objects|columns|databases)\b|\bpg_catalog\b|\bsqlite_master\b|\ball_tab(?:les|_columns)\b/,
  ),
  strong(
    'further statement',
    /['")\d] *; *(?:drop|delete|insert|update|exec|declare|shutdown|create|alter|truncate)\b/,
  ),
  strong('file or command', /\bxp_cmdshell\b|\bload_file ?\(|\binto (?:out|dump)file\b/),
  strong(
    'error output',
    /\b(?:extractvalue|updatexml) ?\(|\bchr?\(\d+\) ?\|\||\bconvert ?\(int\b|\bcast ?\(.{1,80} as (?:int|numeric|char)/,
  ),
  weak('select from', /\bselect\b.{1,120}\bfrom\b/),
  weak('closed quote', /['")] ?(?:--|#|;)/),
  weak('order by', /\border by \d+ ?(?:--|#|,|$)/),
];

export const EXPLOIT_PATTERNS: readonly RequestPattern[] = [
  strong('path traversal', /(?:\.\.[/\\]){2}|[/\\=]\.\.[/\\].{0,80}(?:etc|windows|proc)[/\\]/),
  strong(
    'system file',
    /\/etc\/(?:passwd|shadow|group)\b|\/proc\/self\/|\bboot\.ini\b|\bwin\.ini\b|[/\\]windows[/\\](?:win\.|system32)/,
  ),
  strong(
    'command injection',
    /(?:[;|`\n]|&&|\$\() ?(?:\/(?:usr\/)?bin\/)?(?:cat|id|whoami|uname|wget|curl|nc|ncat|bash|sh|ping|nslookup|powershell|cmd(?:\.exe)?|chmod)(?:[ ;|&`)$<>/]|$)/,
  ),
  strong('JNDI look-up', /\$\{(?:jndi|(?:lower|upper|env|sys|date):|[^}]{0,20}\$\{)/),
  strong(
    'expression language',
    /#_memberaccess|@java\.lang|class\.module\.classloader|\bt\(java\.lang/,
  ),
  strong(
    'PHP code',
    /php:\/\/(?:input|filter)|data:\/\/text|(?:allow_url_include|auto_prepend_file) ?=|\b(?:eval|passthru|shell_exec|base64_decode) ?\(/,
  ),
  strong('shell function', /\(\) ?\{ ?[:_]/),
  strong(
    'known hole',
    /\/vendor\/phpunit\/.{0,60}eval-stdin\.php|\/_ignition\/execute-solution|\/cgi-bin\/luci\/;stok=|\/setup\.cgi\?.{0,80}cmd=|\/actuator\/(?:gateway|heapdump)|invokefunction/,
  ),
  // Asked for by scanners of all kinds, and by the programs that such routers come with.
  weak('router page', /\/boaform\/|\/goform\/|\/hnap1\b/),
  weak('remote file', /=(?:https?|ftp):\/\/[^&]{1,120}\.(?:txt|php|sh)\b/),
  weak('script', /<script\b|javascript:|\bon(?:error|load|mouseover) ?=/),
];

/** Rounds of percent-encoding that are undone: attackers encode twice where a proxy decodes once. */
const ROUNDS = 2;

/** The target without encodings, comments and double blanks, in lower case. */
export function plainTarget(target: string): string {
  let text = target;
  for (let round = 0; round < ROUNDS && text.includes('%'); round++)
    text = text.replace(/%(?:u00)?([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return text
    .toLowerCase()
    .replaceAll('+', ' ')
    .replace(/\/\*!\d{0,5}/g, ' ')
    .replace(/\/\*[^*]{0,64}\*\/|\*\//g, ' ')
    .replace(/[\t\v\f\r ]+/g, ' ');
}

function strong(name: string, pattern: RegExp): RequestPattern {
  return { name, strength: 1, pattern };
}

function weak(name: string, pattern: RegExp): RequestPattern {
  return { name, strength: 0.5, pattern };
}
