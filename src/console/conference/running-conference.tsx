import type { CallId, EpochMs } from "../../foundation/ids.ts";
import type { ConferenceView } from "../../rpc/conference-view.ts";
import { troubleWords } from "../domain/conferences.tsx";
import { Age, Fact, Mark, None, Table, Time } from "../parts.tsx";
import { pathOf } from "../paths.ts";
import { type CallerList, Callers } from "./callers.tsx";
import { CallerActions, type FormTarget, WholeActions } from "./conference-actions.tsx";
import type { ConferenceFrame } from "./conference-frame.tsx";

interface RunningProps {
  readonly frame: ConferenceFrame;
  readonly view: ConferenceView;
  /** When its callers entered, as far as that is known. */
  readonly entered: ReadonlyMap<CallId, EpochMs>;
  readonly list: CallerList;
  /** `null`: the person may not act. */
  readonly form: FormTarget | null;
}

/** A conference that runs, or is being created: who is in it, what is under way, and what an operator can do. */
export function RunningConference({ frame, view, entered, list, form }: RunningProps) {
  const { callOuts, rooms } = view;
  return (
    <>
      <Facts frame={frame} view={view} />
      {form && <WholeActions {...{ view, form }} confKey={frame.confKey} />}
      <Callers {...{ frame, view, entered, list, form }} />
      {callOuts.length > 0 && (
        <section>
          <h2>Being called</h2>
          <Table heads={["Call", "WebEx's call", "Stage", ...(form ? [""] : [])]}>
            {callOuts.map(({ call, extCallId, stage }) => (
              <tr id={`call-${call}`} data-row="" tabindex={-1}>
                <th scope="row" id={`name-${call}`}>
                  {call}
                </th>
                <td data-label="WebEx's call">{extCallId || <None />}</td>
                <td data-label="Stage">{stage}</td>
                {form && (
                  <td class="actions">
                    {stage !== "dropping" && (
                      <CallerActions {...{ form, call, locked: view.locked }} caller={null} rooms={[]} />
                    )}
                  </td>
                )}
              </tr>
            ))}
          </Table>
        </section>
      )}
      {rooms.length > 0 && (
        <section>
          <h2>Sub-conferences</h2>
          <Table heads={["Room", "Stage", "Callers"]}>
            {rooms.map(({ room, subConfId, stage }) => (
              <tr>
                <th scope="row">
                  <bdi>{subConfId}</bdi> <span class="dim">{room}</span>
                </th>
                <td data-label="Stage">{stage}</td>
                <td data-label="Callers">{String(view.callers.filter((caller) => caller.room === room).length)}</td>
              </tr>
            ))}
          </Table>
        </section>
      )}
    </>
  );
}

/**
 * What is under way. Most of it comes and goes within a blink, so it stands where nothing is below.
 */
export function Waiting({ view, now }: { readonly view: ConferenceView; readonly now: EpochMs }) {
  const { commands, documents, outages } = view;
  return (
    <>
      {commands.length > 0 && (
        <section>
          <h2>Commands without a result</h2>
          <Table heads={["Command", "Sent", "On the agent's disk", "Result due"]}>
            {commands.map(({ id, type, sent, taken, answerBy }) => (
              <tr>
                <th scope="row">
                  {type} <span class="dim">{id}</span>
                </th>
                <td data-label="Sent">{sent === 1 ? "once" : `${sent} times`}</td>
                <td data-label="On the agent's disk">{taken ? "yes" : "no"}</td>
                <td data-label="Result due">{answerBy === null ? "at any time" : <Time at={answerBy} now={now} />}</td>
              </tr>
            ))}
          </Table>
        </section>
      )}
      {documents.length > 0 && <WaitingDocuments {...{ documents, now }} />}
      {outages.map(({ host, since, why, messages, probeAt }) => (
        <section>
          <h2>Server that is behind</h2>
          <Table heads={["Server", "Since", "Messages that it is owed", "Next probe", "Why the last one failed"]}>
            <tr>
              <th scope="row">{host}</th>
              <td data-label="Since">
                <Time at={since} now={now} />
              </td>
              <td data-label="Messages that it is owed" class="short">
                {String(messages)}
              </td>
              <td data-label="Next probe">{probeAt === null ? "under way" : <Time at={probeAt} now={now} />}</td>
              <td data-label="Why the last one failed">{why}</td>
            </tr>
          </Table>
        </section>
      ))}
    </>
  );
}

function WaitingDocuments({ documents, now }: Pick<ConferenceView, "documents"> & { readonly now: EpochMs }) {
  return (
    <section>
      <h2>Documents that WebEx has not confirmed</h2>
      <Table heads={["Messages", "To", "Waits for", "Attempts", "Why the last one failed"]}>
        {documents.map(({ transId, messages, host, queuedAt, attempts, failure }) => (
          <tr>
            <th scope="row">
              {messages.join(", ")} <span class="dim">{transId}</span>
            </th>
            <td data-label="To">{host}</td>
            <td data-label="Waits for" class="short">
              <Age since={queuedAt} now={now} />
            </td>
            <td data-label="Attempts" class="short">
              {String(attempts)}
            </td>
            <td data-label="Why the last one failed">{failure ?? <None />}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

function Facts({ frame, view }: Pick<RunningProps, "frame" | "view">) {
  const { phase, locked, attached, bridge, host, extConfId, callers, lastAt, documents, commands, outages } = view;
  const isLate = commands.some(({ answerBy }) => answerBy !== null && answerBy <= frame.now);
  const hasFailed = outages.length > 0 || documents.some(({ failure }) => failure !== undefined);
  const speaking = callers.filter(({ speaks }) => speaks).length;
  const muted = callers.filter((caller) => caller.muted).length;
  return (
    <>
      <p class="marks">
        <Mark is={phase === "running" ? "good" : "warn"}>{phase === "running" ? "Running" : "Being created"}</Mark>
        {locked && <Mark is="warn">Locked</Mark>}
        {!attached && <Mark is="warn">WebEx has let it go on alone</Mark>}
        {hasFailed && <Mark is="bad">{troubleWords.posts}</Mark>}
        {isLate && <Mark is="bad">{troubleWords.commands}</Mark>}
      </p>
      <dl class="glance">
        <Fact name="Callers">
          {String(callers.length)}
          {callers.length > 0 && <span class="dim">{`, ${speaking} speaking, ${muted} muted`}</span>}
        </Fact>
        <Fact name="Bridge">
          {bridge === null ? "none yet" : <a href={pathOf(frame.domain, "bridges")}>{bridge}</a>}
        </Fact>
        <Fact name="WebEx host">{host || "none"}</Fact>
        <Fact name="ExtConfID">{extConfId || "none"}</Fact>
        <Fact name="Last input">
          <Age since={lastAt} now={frame.now} /> ago
        </Fact>
      </dl>
    </>
  );
}
