/** Packets per second, malicious on top of the rest, and below it the malicious share on the same time axis. */
import {
  Area,
  AreaChart,
  CartesianGrid,
  Legend,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import type { Overview } from '../../../../src/contract/api.ts';
import { formatBytes, formatCompact, formatNumber, formatShare } from '../../format/number.ts';
import { formatDuration, formatLocal, formatTick, formatUtc } from '../../format/time.ts';
import { Empty } from '../../ui/empty.tsx';
import { Timestamp } from '../../ui/timestamp.tsx';
import { useNow } from '../../ui/use-now.ts';
import { bucketSeconds, type TrafficPoint, trafficSeries } from './traffic-series.ts';

const TICK = { fill: 'var(--muted)', fontSize: 11 };
const SYNC = 'traffic';
const MARGIN = { top: 6, right: 8, bottom: 0, left: 4 };
const AXIS_WIDTH = 54;
/** A chart that ends longer ago than this says so. */
const STALE_MS = 10 * 60_000;

export function TrafficChart({ traffic }: { traffic: Overview['traffic'] }) {
  const nowMs = useNow();
  const points = trafficSeries(traffic);
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last || traffic.every(({ packets }) => packets === 0))
    return (
      <Empty title="No traffic in this time range">
        Choose a longer range, or check under Settings that a sensor is sending.
      </Empty>
    );
  const isStale = nowMs - last.atMs > STALE_MS;
  const spanMs = last.atMs - first.atMs;
  const time = (
    <XAxis
      dataKey="atMs"
      type="number"
      scale="time"
      domain={['dataMin', 'dataMax']}
      tick={TICK}
      tickFormatter={(ms: number) => formatTick(ms, spanMs)}
      minTickGap={48}
      stroke="var(--line)"
    />
  );
  return (
    <figure>
      <figcaption className="sr-only">{summaryOf(points)}</figcaption>
      {isStale && (
        <p className="pb-1 text-high">
          No newer traffic: this chart ends <Timestamp at={last.atMs / 1000} relative />.
        </p>
      )}
      <h3 className="text-muted text-xs">
        Packets per second, mean of {formatDuration(bucketSeconds(traffic))}, local time
      </h3>
      <ResponsiveContainer width="100%" height={210}>
        <AreaChart data={points} syncId={SYNC} margin={MARGIN} accessibilityLayer>
          <defs>
            <pattern
              id="malicious-hatch"
              width="6"
              height="6"
              patternUnits="userSpaceOnUse"
              patternTransform="rotate(45)"
            >
              <rect width="6" height="6" fill="var(--critical)" fillOpacity="0.35" />
              <line x1="0" y1="0" x2="0" y2="6" stroke="var(--critical)" strokeWidth="2.5" />
            </pattern>
          </defs>
          <CartesianGrid stroke="var(--line)" strokeDasharray="2 4" vertical={false} />
          {time}
          <YAxis
            width={AXIS_WIDTH}
            tick={TICK}
            tickFormatter={formatCompact}
            stroke="var(--line)"
            allowDecimals={false}
          />
          <Tooltip content={({ active, payload }) => tooltip(active, payload, nowMs)} />
          <Legend
            verticalAlign="top"
            align="right"
            height={22}
            iconSize={10}
            formatter={(name) => <span className="text-ink text-xs">{name}</span>}
          />
          <Area
            dataKey="benign"
            name="Not malicious (plain)"
            stackId="packets"
            type="monotone"
            stroke="var(--traffic)"
            fill="var(--traffic)"
            legendType="square"
            fillOpacity={0.3}
            isAnimationActive={false}
          />
          <Area
            dataKey="malicious"
            name="Malicious (hatched)"
            stackId="packets"
            type="monotone"
            stroke="none"
            fill="url(#malicious-hatch)"
            legendType="square"
            isAnimationActive={false}
          />
        </AreaChart>
      </ResponsiveContainer>
      <h3 className="mt-1 text-muted text-xs">Malicious share of packets, %</h3>
      <ResponsiveContainer width="100%" height={92}>
        <AreaChart data={points} syncId={SYNC} margin={MARGIN} accessibilityLayer>
          <CartesianGrid stroke="var(--line)" strokeDasharray="2 4" vertical={false} />
          {time}
          <YAxis
            width={AXIS_WIDTH}
            tick={TICK}
            domain={[0, 100]}
            ticks={[0, 50, 100]}
            tickFormatter={(percent: number) => `${percent} %`}
            stroke="var(--line)"
          />
          <Tooltip content={() => null} />
          <Area
            dataKey="sharePercent"
            type="stepAfter"
            stroke="var(--critical)"
            fill="var(--critical)"
            fillOpacity={0.2}
            isAnimationActive={false}
          />
        </AreaChart>
      </ResponsiveContainer>
    </figure>
  );
}

function tooltip(
  active: boolean | undefined,
  payload: readonly { readonly payload?: unknown }[] | undefined,
  nowMs: number,
) {
  const point = payload?.[0]?.payload as TrafficPoint | undefined;
  if (!active || !point) return null;
  return (
    <dl className="grid grid-cols-[auto_auto] gap-x-3 rounded-md border border-control bg-surface px-3 py-2 text-xs shadow-lg">
      <dt className="col-span-2 font-semibold">
        {formatLocal(point.atMs, nowMs)}{' '}
        <span className="font-normal text-muted">({formatUtc(point.atMs).slice(11, 19)} UTC)</span>
      </dt>
      <dt className="text-muted">All</dt>
      <dd className="text-right">{formatNumber(point.benign + point.malicious)} packets/s</dd>
      <dt className="text-muted">Malicious</dt>
      <dd className="text-right">{formatNumber(point.malicious)} packets/s</dd>
      <dt className="text-muted">Malicious share</dt>
      <dd className="text-right">
        {point.sharePercent === null ? 'no packets' : formatShare(point.sharePercent / 100)}
      </dd>
      <dt className="text-muted">Bytes</dt>
      <dd className="text-right">{formatBytes(point.bytes)}/s</dd>
    </dl>
  );
}

function summaryOf(points: readonly TrafficPoint[]): string {
  const peak = points.reduce(
    (most, { benign, malicious }) => Math.max(most, benign + malicious),
    0,
  );
  const share = points.reduce((most, point) => Math.max(most, point.sharePercent ?? 0), 0);
  return `Traffic over time: at most ${formatNumber(peak)} packets per second, at most ${formatShare(share / 100)} of them malicious.`;
}
