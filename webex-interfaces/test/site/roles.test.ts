import { expect, test } from "vitest";
import { examples } from "./examples.ts";
import { outcomeOf, SiteOnTest, seeded, textOf } from "./site-on-test.ts";

/** Nobody, the two hosts, the view-only administrator, the administrator. */
const askers = ["", "anna.berg", "ben.cole", "site.viewer", "site.admin"] as const;

/**
 * What the documents' roles and privileges come to, by hand, for each example and for requests that cross a border. One word for
 * each asker: `no` refused, `yes` carried out, a number: so many items of a list, or nothing found among one's own.
 */
const table = `
# Accounts and the site belong to the administrator; those with view-only privileges change no account, not even their own.
no no no no yes: user.CreateUser user.DelUser sales.AddProducts sales.SetProducts site.SetSite
no no no no yes: meeting-for-Ben Anna-as-administrator Anna-out-of-use
no yes no no yes: user.SetUser user.GetloginurlUser
no yes yes no yes: user.DelSessionTemplates user.UploadPMRImage
no no no no yes: viewer
# Users of the site are seen by administrators, and each by itself.
no no no 4 4: user.LstsummaryUser user.LstUser
no no no yes yes: ep.DetectSessionByCallback
no yes no yes yes: user.GetUser user.GetlogouturlUser
no yes yes yes yes: user.AuthenticateUser user.GetLoginTicket
# Sessions, and what belongs to them, are changed by their host and the administrator.
no yes no no yes: ep.DelSession ep.SetRecordingInfo ep.DelRecording meeting.SetMeeting meeting.DelMeeting
no yes no no yes: meeting.GethosturlMeeting meeting.auo.SetTeleconferenceSession
no yes no no yes: training.SetTrainingSession training.DelTrainingSession training.AddScheduledTest
no yes 0 0 yes: training.SetScheduledTest training.DelScheduledTest
no yes no no yes: training.CopyLibTests training.DelLibTests
no yes no no yes: event.SetEvent event.DelEvent event.SendInvitationEmail event.UploadEventImage
no no yes no yes: sales.SetSalesSession sales.DelSalesSession sales.SetAccount sales.SetOpportunity
no yes no no yes: attendee.CreateMeetingAttendee attendee.RegisterMeetingAttendee attendee.DelMeetingAttendee
# Everybody schedules for themselves, the administrator for others, too.
no yes yes yes yes: meeting.CreateMeeting meeting.auo.CreateTeleconferenceSession training.CreateTrainingSession
no yes yes yes yes: event.CreateEvent sales.CreateSalesSession supportsession.CreateSupportSession
no yes no no yes: meeting-of-Anna training-of-Anna event-of-Anna sales-of-Anna conference-of-Anna
no yes yes yes yes: training.ReserveLab training.UploadIMStest sales.CreateAccount sales.CreateOpportunity
# What is public is for every user to read, and the whole site for both administrators.
yes yes yes yes yes: ep.GetSessionInfo ep.GetAPIVersion
no 5 6 6 6: ep.LstsummarySession
no 1 2 2 2: ep.LstOpenSession meeting.LstsummaryMeeting meeting.LstMeeting
no yes yes yes yes: meeting.GetMeeting meeting.GetjoinurlMeeting training.GetTrainingSession event.GetEvent
no yes yes yes yes: sales.GetSalesSession ep.GetJoinSessionInfo
no yes no yes yes: meeting.auo.GetTeleconferenceSession
no 1 1 1 1: training.LstsummaryTrainingSession training.LstTrainingSession event.LstsummaryEvent
no 1 1 1 1: event.LstrecordedEvent event.LstsummaryProgram sales.LstsummarySalesSession
no yes yes yes yes: training.GetLabInfo training.CheckLabAvailability training.GetLabSchedule
no 2 2 2 2: sales.LstProducts
no yes yes yes yes: site.GetSite site.LstTimeZone meetingtype.GetMeetingType
no 6 6 6 6: meetingtype.LstMeetingType
# What is not public, its host and both administrators read.
no yes no yes yes: private:meeting.GetMeeting private:training.GetTrainingSession
no yes no yes yes: private:event.GetEvent
no no yes yes yes: private:sales.GetSalesSession
# To join, the key of a session is enough.
no yes yes yes yes: private:meeting.GetjoinurlMeeting
no 3 3 6 6: private:ep.LstsummarySession
no 1 1 2 2: private:ep.LstOpenSession private:meeting.LstsummaryMeeting private:meeting.LstMeeting
no 1 0 1 1: private:training.LstsummaryTrainingSession private:training.LstTrainingSession private:event.LstsummaryEvent
no 1 0 1 1: private:event.LstrecordedEvent private:event.LstsummaryProgram
no 0 1 1 1: private:sales.LstsummarySalesSession
no 5 0 5 5: ep.LstRecording history.LstrecordaccessHistory
no yes no yes yes: ep.GetRecordingInfo
no yes 0 yes yes: training.LstScheduledTests training.GetTestInformation training.GetIMStestDetails
no yes 0 yes yes: training.GetIMStestResult training.LstLibTests
no 0 yes yes yes: sales.LstAccounts sales.LstOpportunities
no 0 1 1 1: site.GetWebACDQueues
no 1 no 1 1: history.LstrecordaccessDetailHistory attendee.GetEnrollmentInfo
no 2 no 2 2: attendee.LstMeetingAttendee
no 1 0 1 1: history.LstmeetingusageHistory history.LsttrainingsessionHistory history.LsteventsessionHistory
no 1 0 1 1: history.LstsupportsessionHistory history.LstsalessessionHistory
no 3 0 3 3: history.LstmeetingattendeeHistory history.LsttrainingattendeeHistory history.LsteventattendeeHistory
no 3 0 3 3: history.LstsupportattendeeHistory history.LstsalesattendeeHistory
# Contacts, lists and settings are everybody's own, whoever asks.
no yes 0 0 0: ep.LstContact ep.CreateDistList ep.SetDistList ep.LstDistList
no yes yes yes yes: ep.CreateContacts ep.GetOneClickSettings ep.SetupOneClickSettings ep.SetOneClickSettings
`;

const bodyOf = (type: string) => examples.find((each) => each.type === type)?.body ?? "";
const forAnna = (type: string) => [
  type,
  bodyOf(type).replace("</schedule>", "<hostWebExID>anna.berg</hostWebExID></schedule>"),
];
const anna = "<webExId>anna.berg</webExId>";
const crossing: Readonly<Record<string, readonly string[]>> = {
  "meeting-of-Anna": forAnna("meeting.CreateMeeting"),
  "training-of-Anna": forAnna("training.CreateTrainingSession"),
  "event-of-Anna": forAnna("event.CreateEvent"),
  "sales-of-Anna": forAnna("sales.CreateSalesSession"),
  "conference-of-Anna": forAnna("meeting.auo.CreateTeleconferenceSession"),
  "meeting-for-Ben": [
    "meeting.SetMeeting",
    `<schedule><hostWebExID>ben.cole</hostWebExID></schedule><meetingkey>${seeded.MC}</meetingkey>`,
  ],
  "Anna-as-administrator": ["user.SetUser", `${anna}<privilege><siteAdmin>true</siteAdmin></privilege>`],
  "Anna-out-of-use": ["user.SetUser", `${anna}<active>DEACTIVATED</active>`],
  viewer: ["user.SetUser", "<webExId>site.viewer</webExId>"],
};

const lines = table
  .trim()
  .split("\n")
  .filter((line) => !line.startsWith("#"))
  .flatMap((line) => {
    const [outcomes = "", names = ""] = line.split(": ");
    return names.split(" ").map((name): [string, string] => [name, outcomes]);
  });

test("the table has each operation and each crossing request once", () => {
  const names = lines.map(([name]) => name).filter((name) => !name.startsWith("private:"));

  expect(names.toSorted()).toEqual([...examples.map(({ type }) => type), ...Object.keys(crossing)].toSorted());
});

test.each(lines)("%s is answered, from nobody to the administrator: %s", (name, outcomes) => {
  const isPrivate = name.startsWith("private:");
  const type = name.replace("private:", "");
  const [operation = type, body = bodyOf(type)] = crossing[type] ?? [];

  expect(askers.map((asker) => tried(asker, operation, body, isPrivate)).join(" ")).toBe(outcomes);
});

function tried(asker: string, type: string, body: string, isPrivate: boolean): string {
  const site = new SiteOnTest();
  site.site.run("UPDATE sessions SET started_at = 1 WHERE session_key IN (?, ?)", seeded.MC, seeded.other);
  if (isPrivate)
    for (const name of ["sessions", "recordings", "programs"]) site.site.run(`UPDATE ${name} SET listing = 'PRIVATE'`);
  const answer = site.ask(type, body, asker === "" ? "<siteName>harbour</siteName>" : site.as(asker));
  const outcome = outcomeOf(answer) ?? "";
  if (outcome === "SUCCESS") return textOf(answer, "total") ?? "yes";
  return { "000001": "no", "060019": "no", "060021": "no", "000015": "0" }[outcome] ?? outcome;
}
