import type { Child } from "hono/jsx";
import type { ConferenceView } from "../../rpc/conference-view.ts";
import type { ConferenceFrame } from "./conference-frame.tsx";

/** Where forms go, and how the conference was when they were made. */
export interface FormTarget {
  readonly to: string;
  readonly mark: string;
}

interface FormProps {
  readonly form: FormTarget;
  readonly type: string;
  readonly call?: string;
  /** Without the script it leads to the page with the action. */
  readonly stays?: boolean;
  readonly children?: Child;
}

/**
 * A form that asks for one action. `mark` is how the conference was when the page was made: the same action on the same mark is one action,
 * so that a double click or a reload acts once.
 */
function ActionForm({ form, type, call, stays = true, children }: FormProps) {
  return (
    <form method="post" action={form.to} {...(stays && { "data-stay": "" })}>
      <input type="hidden" name="mark" value={form.mark} />
      <input type="hidden" name="type" value={type} />
      {call !== undefined && <input type="hidden" name="call" value={call} />}
      {children}
    </form>
  );
}

interface ActionProps extends Omit<FormProps, "children"> {
  readonly title: string;
  readonly letter: string;
  /** The id of the element that says whom it is about. */
  readonly about?: string;
  /** In the list of keys, where the button says another thing from time to time. */
  readonly says?: string;
}

/** A button that asks for one action, and the letter that presses it. */
export function Action({ title, letter, about, says = title, ...form }: ActionProps) {
  return (
    <ActionForm {...form}>
      <button
        type="submit"
        data-key={letter}
        data-says={says}
        {...(about !== undefined && { "aria-describedby": about })}
      >
        {title} <Letter is={letter} />
      </button>
    </ActionForm>
  );
}

/** What presses a button, written on it; not part of its name. */
function Letter({ is }: { readonly is: string }) {
  return (
    <span aria-hidden="true">
      <kbd>{is}</kbd>
    </span>
  );
}

/** Moves a caller to a room that the person chooses. */
export function Move({
  rooms,
  about,
  ...form
}: Omit<FormProps, "type"> & {
  readonly rooms: readonly (readonly [room: string, name: string])[];
  readonly about: string;
}) {
  return (
    <ActionForm {...form} type="move">
      <select name="room" aria-label="Room" aria-describedby={about}>
        {rooms.map(([room, name]) => (
          <option value={room}>{name}</option>
        ))}
      </select>
      <button type="submit" data-key="v" data-says="Move to the chosen room" aria-describedby={about}>
        Move <Letter is="v" />
      </button>
    </ActionForm>
  );
}

interface WholeProps {
  readonly frame: ConferenceFrame;
  readonly view: ConferenceView;
  readonly form: FormTarget;
}

/** What can be done with a conference as a whole. */
export function WholeActions({ frame, view, form }: WholeProps) {
  const { locked, callers } = view;
  return (
    <div class="actions whole">
      <Action
        form={form}
        type={locked ? "unlock" : "lock"}
        title={locked ? "Unlock" : "Lock"}
        letter="l"
        says="Lock or unlock"
      />
      <Action form={form} type="mute-all" title="Mute all" letter="a" />
      <Action form={form} type="unmute-all" title="Unmute all" letter="u" />
      <details class="question">
        <summary class="button" data-key="e" data-says="End the conference, after a question">
          End … <Letter is="e" />
        </summary>
        <div>
          <p>
            End the conference {frame.confKey}? {endText(callers.length)} It cannot be undone.
          </p>
          <ActionForm form={form} type="end">
            <button type="submit" class="danger">
              End it for everybody
            </button>
          </ActionForm>
        </div>
      </details>
    </div>
  );
}

function endText(callers: number): string {
  if (callers === 0) return "Nobody is in it.";
  return callers === 1 ? "The call of its one caller ends." : `The calls of its ${callers} callers end.`;
}

/** A call that was not understood, as it was typed. */
export interface WrongCallOut {
  readonly number: string;
  readonly attendeeId: string;
  readonly muted: boolean;
  readonly field: "number" | "attendeeId";
  /** What is wrong with the field, in a sentence. */
  readonly says: string;
}

/** Stays as it is while the page lives, so that nothing that is typed gets lost. */
export function CallOutForm({ form, wrong }: { readonly form: FormTarget; readonly wrong: WrongCallOut | null }) {
  const fieldOf = (name: WrongCallOut["field"]) => ({
    name,
    autocomplete: "off",
    value: wrong?.[name] ?? "",
    ...(wrong?.field === name
      ? { autofocus: true, "aria-invalid": "true" as const, "aria-describedby": "call-wrong" }
      : name === "number" && { "aria-describedby": "number-says" }),
  });
  const wrongAt = (name: WrongCallOut["field"]) =>
    wrong?.field === name && (
      <span id="call-wrong" class="wrong" role="alert">
        {wrong.says}
      </span>
    );
  return (
    <details class="call-out" open={wrong !== null}>
      <summary data-key="c" data-says="Call a number">
        Call somebody <Letter is="c" />
      </summary>
      <ActionForm form={form} type="call-out" stays={false}>
        <div>
          <label for="call-number">Number</label>
          <input
            id="call-number"
            type="tel"
            required
            maxlength={40}
            placeholder="+1 408 555 0101"
            {...fieldOf("number")}
          />
          {wrongAt("number")}
        </div>
        <div>
          <label for="call-attendeeId">Attendee ID</label>
          <input id="call-attendeeId" maxlength={64} placeholder="none" {...fieldOf("attendeeId")} />
          {wrongAt("attendeeId")}
        </div>
        <label class="check">
          <input type="checkbox" name="muted" value="1" checked={wrong?.muted === true} /> enters muted
        </label>
        <button type="submit" class="main">
          Call
        </button>
        <p id="number-says" class="dim">
          With the country code. WebEx is told of the caller as of one who dials in.
        </p>
      </ActionForm>
    </details>
  );
}
