/** What a change would have done to the last days: four counts, each with its newest examples. */
import { Link } from 'react-router';
import type { ChangePreview, PreviewGroup } from '../../../src/contract/preview.ts';
import { labelOf } from '../format/label.ts';
import { formatCount, formatPlural } from '../format/number.ts';
import { Timestamp } from './timestamp.tsx';
import { VisibleText } from './visible-text.tsx';

const GROUPS = [
  { name: 'hidden', label: 'Hidden', nothing: 'No alert would have been hidden' },
  { name: 'raised', label: 'Raised', nothing: 'None more would have been raised' },
  { name: 'blocked', label: 'Blocked', nothing: 'Nobody more would have been blocked' },
  { name: 'unblocked', label: 'Not blocked', nothing: 'No block would have been left out' },
] as const;

export function ChangePreviewView({ preview }: { preview: ChangePreview }) {
  const { days, looked_at: lookedAt, is_cut: isCut, notes } = preview;
  return (
    <section aria-label="Preview" className="grid gap-2 rounded-md border border-line bg-bg p-3">
      <p className="text-muted text-xs">
        In the last {formatPlural(days, 'day')}, of {formatPlural(lookedAt, 'alert')} looked at
        {isCut && ' (the newest; there are more)'}, it would have been:
      </p>
      <dl className="grid grid-cols-2 gap-2 sm:grid-cols-4">
        {GROUPS.map(({ name, label }) => (
          <div key={name}>
            <dt className="text-muted text-xs">{label}</dt>
            <dd className="font-semibold text-lg">{formatCount(preview[name].count)}</dd>
          </div>
        ))}
      </dl>
      {GROUPS.map(({ name, label, nothing }) =>
        preview[name].count > 0 ? (
          <Group key={name} label={label} group={preview[name]} />
        ) : (
          <span key={name} className="sr-only">
            {nothing}
          </span>
        ),
      )}
      {notes.map((note) => (
        <p key={note} className="text-muted text-xs">
          {note}.
        </p>
      ))}
    </section>
  );
}

function Group({ label, group }: { label: string; group: PreviewGroup }) {
  const { count, sources, by_type: byType, examples } = group;
  return (
    <details>
      <summary className="text-sm">
        {label}: {byType.map((each) => `${each.count} ${labelOf(each.alert_type)}`).join(', ')},
        from {formatPlural(sources, 'source')}
      </summary>
      <ul className="mt-1 grid gap-1 pl-4 text-xs">
        {examples.map(({ id, last_seen, description }) => (
          <li key={id}>
            <span className="text-muted">
              <Timestamp at={last_seen} />
            </span>{' '}
            <Link className="text-accent hover:underline" to={`/alerts/${encodeURIComponent(id)}`}>
              <VisibleText text={description} limit={120} prose />
            </Link>
          </li>
        ))}
        {count > examples.length && (
          <li className="text-muted">and {formatCount(count - examples.length)} older ones</li>
        )}
      </ul>
    </details>
  );
}
