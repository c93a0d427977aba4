/** An address with its port and country (ISO code, name on hover); `none` where the contract says null (say, a spoofed flood). */
import { countryLabel } from '../format/label.ts';
import { VisibleText } from './visible-text.tsx';

export function Address({
  ip,
  port = null,
  country = null,
  none = '–',
}: {
  ip: string | null;
  port?: number | null;
  country?: string | null;
  none?: string;
}) {
  if (ip === null) return <span className="text-muted">{none}</span>;
  const shown = port === null ? ip : ip.includes(':') ? `[${ip}]` : ip;
  return (
    <span className="address whitespace-nowrap *:whitespace-nowrap">
      <VisibleText text={shown} limit={64} />
      {port !== null && <span className="hostile inline-block text-muted">:{port}</span>}
      {country && (
        <abbr className="text-muted text-xs no-underline" title={countryLabel(country)}>
          {' '}
          {country}
        </abbr>
      )}
    </span>
  );
}
