import type { ExecutorContext } from "./acts/executor-context.ts";
import { isDone, read, rtpStatistics } from "./ari.ts";
import { talkChanged } from "./mirror/changes.ts";
import type { Call } from "./mirror/mirror.ts";

/** Two looks that find hardly more packets mean silence: that is 1.8 s to 3.6 s after the last sound. */
export const LOOK_EVERY_MS = 1_800;
/** Between two looks speech has 30 packets, of 60 ms each, or more. Comfort noise and other signs of life have 11 at most, one each 160 ms. */
const SOUND_PACKETS = 20;

/**
 * Looks, while Asterisk says that a call talks, whether sound still comes from it. Asterisk judges only sound that comes: a telephone that
 * sends none any more, or signs of life alone, would talk for ever. It talks again when sound comes again.
 */
export async function watchSound(
  { ari, mirror, pauses, soundWatched, report }: ExecutorContext,
  call: Call | undefined,
): Promise<void> {
  if (call === undefined || soundWatched.has(call)) return;
  const { id } = call;
  const isDue = () => mirror.calls.get(id) === call && call.isHeard;
  soundWatched.add(call);
  try {
    for (let before: number | null = null; ; ) {
      await pauses.pass(LOOK_EVERY_MS);
      if (!isDue()) return;
      const answer = await ari.ask("getRtpStatistics", { channelId: id });
      // It is gone, or its sound does not come by RTP.
      if (!isDone(answer)) return;
      const { rxcount } = read("getRtpStatistics", rtpStatistics, answer);
      call.isSending = before === null || Math.abs(rxcount - before) >= SOUND_PACKETS;
      report(talkChanged(mirror, call).reports);
      before = rxcount;
    }
  } finally {
    soundWatched.delete(call);
  }
}
