/** The alerts of analysed captures as one HTML file that needs nothing else: for mail, tickets and archives. */
import type { Alert } from '../contract/alert.ts';
import type { CaptureSummary } from './analyze.ts';

const SHOWN_REASONS = 12;

export function alertReport(summaries: readonly CaptureSummary[]): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>PhantomNet report</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1a2230; }
article { border: 1px solid #c9d2de; border-radius: 6px; padding: 0 1rem 1rem; margin: 1rem 0; }
table { border-collapse: collapse; } th, td { text-align: left; padding: 0.15rem 1rem 0.15rem 0; vertical-align: top; }
</style>
<h1>PhantomNet report</h1>
${summaries.map(section).join('\n')}
</html>
`;
}

function section({ file, packets, flows, alerts, damage }: CaptureSummary): string {
  const damaged = damage ? `<p><strong>${escapeHtml(damage.message)}</strong></p>` : '';
  return `<h2>${escapeHtml(file)}</h2>
<p>${packets} packets, ${flows} flows, ${alerts.length} alerts.</p>${damaged}
${alerts.map(article).join('\n')}`;
}

function article(alert: Alert): string {
  const facts: [string, string][] = [
    ['Source', alert.source_ip ?? 'many or forged'],
    ['Target', alert.destination_ip ?? 'several'],
    ['First seen', time(alert.first_seen)],
    ['Last seen', time(alert.last_seen)],
    ['Confidence', alert.confidence.toFixed(2)],
    ['Decision', alert.decision],
    ['ATT&CK', alert.mitre.join(', ') || 'none'],
    ['Packets', String(alert.packet_count)],
  ];
  const numbers = alert.evidence.flatMap(({ detector, numbers: measured, thresholds }) =>
    Object.entries(measured).map(([name, value]) => [
      `${detector}: ${name}`,
      `${typeof value === 'number' ? round(value) : value}${name in thresholds ? ` (limit ${thresholds[name]})` : ''}`,
    ]),
  );
  const reasons = alert.explanation
    .slice(0, SHOWN_REASONS)
    .map(({ feature, value, contribution }) => [
      feature,
      `${value === null ? 'missing' : round(value)} (${contribution >= 0 ? '+' : ''}${round(contribution)})`,
    ]);
  return `<article><h3>${escapeHtml(alert.alert_type)} (${alert.severity})</h3><p>${escapeHtml(alert.description)}</p>
${rows(facts)}<h4>Evidence</h4>${rows(numbers)}${reasons.length > 0 ? `<h4>What decided the model</h4>${rows(reasons)}` : ''}</article>`;
}

function rows(cells: readonly (readonly string[])[]): string {
  const lines = cells.map(
    ([name = '', value = '']) =>
      `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  return `<table>${lines.join('')}</table>`;
}

function time(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().replace('T', ' ').slice(0, 19)} UTC`;
}

function round(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
