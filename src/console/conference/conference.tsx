import type { DirectoryRecord } from "../../records/conference-record.ts";
import type { ConferenceView } from "../../rpc/conference-view.ts";
import type { ActionStages } from "../../rpc/timeline.ts";
import { Mark, Time, useFrame } from "../parts.tsx";
import { withQuery } from "../paths.ts";
import { ActionLine } from "./action-line.tsx";
import { type CallersProps, pageQuery } from "./callers.tsx";
import { FilledActions } from "./conference-actions.tsx";
import { ConferenceFramePage, conferencePath } from "./conference-frame.tsx";
import { EndedConference } from "./ended-conference.tsx";
import { RunningConference, Waiting } from "./running-conference.tsx";

interface ConferenceProps extends Pick<CallersProps, "frame" | "entered" | "find" | "page"> {
  /** `null`: only its records are kept. */
  readonly view: ConferenceView | null;
  /** Stages of the action in the address; `null`: none, or unknown. */
  readonly action: ActionStages | null;
  /** Records of this conference, the latest first. */
  readonly records: readonly DirectoryRecord[];
  readonly hasMoreRecords?: boolean;
}

/** A running conference with its actions, or the records of an ended one. */
export function ConferencePage(props: ConferenceProps) {
  const { frame, view, entered, action, records, hasMoreRecords = false, find, page } = props;
  const { domain, confKey } = frame;
  const { person } = useFrame();
  const isRunning = view?.phase === "running" || view?.phase === "creating";
  const mayAct = view?.phase === "running" && person.role === "operator";
  const path = `${conferencePath(domain, confKey)}/actions`;
  const form = mayAct ? { to: withQuery(path, pageQuery(page)), mark: view.lastAt.toString(36) } : null;
  const recorded = records.find((one) => one.kind === "conference")?.topic || undefined;
  return (
    <ConferenceFramePage {...frame} topic={isRunning ? frame.topic : (recorded ?? frame.topic)} tab="now">
      <div id="answer" role="status" aria-label="Answer">
        {action !== null && <ActionLine stages={action} />}
      </div>
      <div id="state">
        {view && isRunning ? (
          <RunningConference {...{ frame, view, entered, find, page, form }} />
        ) : (
          <p>
            <Mark is="plain">{view?.phase === "not-created" ? "not created" : "ended"}</Mark>{" "}
            {view && (
              <span class="dim">
                Last input at <Time at={view.lastAt} />.
              </span>
            )}
          </p>
        )}
      </div>
      {form && <FilledActions form={form} />}
      <div id="waiting">{view && <Waiting view={view} />}</div>
      <div id="records">
        {(records.length > 0 || !isRunning) && <EndedConference records={records} hasMore={hasMoreRecords} />}
      </div>
    </ConferenceFramePage>
  );
}
