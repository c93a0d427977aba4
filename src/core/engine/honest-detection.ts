/**
 * A detection made while packets were lost says so and is less sure. What was not seen could be the answer that makes
 * a scan an ordinary visit; it could not make a flood less. So what is above `floor` shrinks with the share that was
 * seen: loss keeps an alert from blocking and never from being raised.
 */
import type { Detection } from '../detection/detector.ts';

/**
 * @param completeness packets seen over all, 0 to 1
 * @param floor confidence from which an alert is raised
 */
export function honestDetection(
  detection: Detection,
  completeness: number,
  floor: number,
): Detection {
  if (completeness >= 1) return detection;
  const { confidence, provenConfidence, summary, numbers } = detection;
  const excess = Math.max(0, confidence - floor);
  return {
    ...detection,
    confidence: confidence - excess * (1 - completeness),
    provenConfidence: provenConfidence * completeness,
    summary: `${summary}; of all packets of that time ${Math.floor(100 * completeness)} % were seen`,
    numbers: { ...numbers, completeness },
  };
}
