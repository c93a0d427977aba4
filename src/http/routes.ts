/** All routes: the API of `/api/v1`, then what is kept from the older system, then the machine's own. */
import type { AnyRoute } from './route.ts';
import { postAlertAction, postUndo } from './routes/alert-actions.ts';
import {
  getAlert,
  getAlertActions,
  getAlertPackets,
  getAlerts,
  getKeptAlerts,
  patchAlert,
} from './routes/alerts.ts';
import {
  getAnalyticsAttacks,
  getAnalyticsProtocols,
  getAnalyticsSummary,
  getAnalyticsTopAttackers,
} from './routes/analytics.ts';
import { deleteDecision, getDecisions, postBlockIp, postDecision } from './routes/decisions.ts';
import { getLiveEvents } from './routes/events.ts';
import { getFlows } from './routes/flows.ts';
import { getHealth } from './routes/health.ts';
import { postIngestPackets } from './routes/ingest.ts';
import { deleteKey, getKeys, postKey } from './routes/keys.ts';
import { getEvents, getLureSession, getLureSessions } from './routes/lures.ts';
import { getMetrics } from './routes/metrics.ts';
import {
  getModel,
  getModels,
  postModel,
  postModelPromotion,
  postModelRollback,
} from './routes/models.ts';
import { getOpenApi } from './routes/open-api.ts';
import { getOverview, getTrafficStats } from './routes/overview.ts';
import {
  getAllTraffic,
  getAnalyzeTraffic,
  getLast10,
  getLastRawPackets,
  getPackets,
} from './routes/packets.ts';
import { getPolicy, postPolicyPreview, putPolicy } from './routes/policy.ts';
import { postPredict } from './routes/predict.ts';
import { deleteProtected, getProtected, postProtected } from './routes/protected.ts';
import { getQuarantine } from './routes/quarantine.ts';
import { getSensors } from './routes/sensors.ts';
import { deleteSession, getSession, postSession, putPassword } from './routes/session.ts';
import { getStory } from './routes/sources.ts';
import { getStorage } from './routes/storage.ts';
import {
  deleteSuppression,
  getSuppressions,
  postSuppression,
  postSuppressionPreview,
} from './routes/suppressions.ts';
import { getFeatures, getWindows } from './routes/windows.ts';

export const ROUTES: readonly AnyRoute[] = [
  postSession,
  getSession,
  deleteSession,
  putPassword,
  getOverview,
  getAlerts,
  getAlert,
  getAlertPackets,
  patchAlert,
  getAlertActions,
  postAlertAction,
  postUndo,
  getSuppressions,
  postSuppression,
  postSuppressionPreview,
  deleteSuppression,
  getStory,
  getPackets,
  getFlows,
  getWindows,
  getLureSessions,
  getLureSession,
  getDecisions,
  postDecision,
  deleteDecision,
  getPolicy,
  putPolicy,
  postPolicyPreview,
  getProtected,
  postProtected,
  deleteProtected,
  getModels,
  postModel,
  getModel,
  postModelPromotion,
  postModelRollback,
  getSensors,
  getQuarantine,
  getStorage,
  getKeys,
  postKey,
  deleteKey,
  getLiveEvents,
  getOpenApi(() => ROUTES),

  getAnalyzeTraffic,
  getTrafficStats,
  postBlockIp,
  postIngestPackets,
  postPredict,
  getLast10,
  getAllTraffic,
  getLastRawPackets,
  getFeatures,
  getKeptAlerts,
  getEvents,
  getAnalyticsSummary,
  getAnalyticsAttacks,
  getAnalyticsTopAttackers,
  getAnalyticsProtocols,

  getHealth,
  getMetrics,
];
