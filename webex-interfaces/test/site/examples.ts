import { seeded } from "./site-on-test.ts";

/** One request by hand for each operation, and who may send it. The names are the types that go on the wire. */
export interface Example {
  readonly type: string;
  readonly body?: string;
  /** The host anna.berg otherwise. */
  readonly by?: "site.admin" | "ben.cole";
}

const key = (name: keyof typeof seeded) => `<sessionKey>${seeded[name]}</sessionKey>`;
const times =
  "<timeZoneID>4</timeZoneID><sessionStartTime>11/25/2026 04:00</sessionStartTime><sessionEndTime>11/25/2026 05:00</sessionEndTime>";
const person = "<person><name>Jo Kerr</name><email>jo.kerr@visitor.example</email></person>";
const metaData = "<metaData><confName>Tide tables</confName></metaData>";
const schedule =
  "<schedule><startDate>12/01/2026 09:00:00</startDate><timeZoneID>4</timeZoneID><duration>30</duration></schedule>";
const scope =
  "<sessionStartTimeStart>01/01/2026 00:00:00</sessionStartTimeStart><sessionStartTimeEnd>12/31/2026 00:00:00</sessionStartTimeEnd>";

export const examples: readonly Example[] = [
  {
    type: "user.CreateUser",
    by: "site.admin",
    body: "<firstName>Kim</firstName><lastName>Lund</lastName><webExId>kim.lund</webExId><email>kim@harbour.example</email><password>Lines-42</password>",
  },
  { type: "user.DelUser", by: "site.admin", body: "<webExId>ben.cole</webExId>" },
  { type: "user.GetloginurlUser", body: "<webExID>anna.berg</webExID>" },
  { type: "user.GetlogouturlUser", body: "<webExID>anna.berg</webExID><backURL>https://portal.example/</backURL>" },
  { type: "user.GetUser", body: "<webExId>anna.berg</webExId>" },
  { type: "user.LstsummaryUser", by: "site.admin" },
  { type: "user.LstUser", by: "site.admin" },
  { type: "user.SetUser", body: "<title>Planner</title><webExId>anna.berg</webExId>" },
  { type: "user.AuthenticateUser", body: "<samlResponse>PE5hbWVJRD5hbm5hLmJlcmc8L05hbWVJRD4=</samlResponse>" },
  { type: "user.GetLoginTicket" },
  {
    type: "user.DelSessionTemplates",
    body: "<sessionTemplate><name>Weekly</name><serviceType>MeetingCenter</serviceType></sessionTemplate>",
  },
  { type: "user.UploadPMRImage", body: "<imageFor>Photo</imageFor><imageData>aGFyYm91cg==</imageData>" },

  { type: "ep.GetSessionInfo", body: key("MC") },
  { type: "ep.GetAPIVersion", body: "<returnTrainReleaseVersion>true</returnTrainReleaseVersion>" },
  { type: "ep.LstsummarySession" },
  { type: "ep.LstOpenSession", body: "<serviceType>MeetingCenter</serviceType>" },
  { type: "ep.DelSession", body: key("TC") },
  { type: "ep.CreateContacts", body: "<contact><name>Jo Kerr</name><email>jo.kerr@visitor.example</email></contact>" },
  { type: "ep.LstContact", body: "<distListName>Shippers</distListName>" },
  { type: "ep.CreateDistList", body: "<distList><name>Pilots</name><contactID>1</contactID></distList>" },
  { type: "ep.SetDistList", body: "<distList><distListID>1</distListID><name>All who ship</name></distList>" },
  { type: "ep.LstDistList" },
  { type: "ep.GetOneClickSettings" },
  {
    type: "ep.SetupOneClickSettings",
    body: "<metaData><serviceType>MeetingCenter</serviceType><sessionType>3</sessionType><confName>At once</confName></metaData>",
  },
  { type: "ep.SetOneClickSettings", body: "<oneClickMetaData><confName>At once</confName></oneClickMetaData>" },
  {
    type: "ep.GetJoinSessionInfo",
    body: `${key("MC")}<sessionPassword>pier-9-pass</sessionPassword><attendeeName>Jo</attendeeName><attendeeEmail>jo@visitor.example</attendeeEmail>`,
  },
  { type: "ep.LstRecording" },
  { type: "ep.GetRecordingInfo", body: "<recordingID>1</recordingID>" },
  {
    type: "ep.SetRecordingInfo",
    body: "<recording><recordingID>1</recordingID><password>tide</password></recording><basic><topic>Renamed</topic></basic>",
  },
  { type: "ep.DelRecording", body: "<recordingID>1</recordingID>" },
  { type: "ep.DetectSessionByCallback", by: "site.admin", body: "<callbackNumber>14085550111</callbackNumber>" },

  {
    type: "meeting.CreateMeeting",
    body: `<accessControl><meetingPassword>tide</meetingPassword></accessControl>${metaData}${schedule}`,
  },
  { type: "meeting.SetMeeting", body: `${metaData}<meetingkey>${seeded.MC}</meetingkey>` },
  { type: "meeting.DelMeeting", body: `<meetingKey>${seeded.MC}</meetingKey>` },
  { type: "meeting.GetMeeting", body: `<meetingKey>${seeded.MC}</meetingKey>` },
  { type: "meeting.LstsummaryMeeting" },
  { type: "meeting.LstMeeting" },
  { type: "meeting.GethosturlMeeting", body: key("MC") },
  { type: "meeting.GetjoinurlMeeting", body: `${key("MC")}<attendeeName>Jo Kerr</attendeeName>` },
  { type: "meeting.auo.CreateTeleconferenceSession", body: `${metaData}${schedule}` },
  { type: "meeting.auo.SetTeleconferenceSession", body: `${metaData}${key("AO")}` },
  { type: "meeting.auo.GetTeleconferenceSession", body: key("AO") },

  {
    type: "training.CreateTrainingSession",
    body: `<accessControl><sessionPassword>tide</sessionPassword></accessControl>${schedule.replace(/<startDate>.*?<\/startDate>/, "<startDate>12/01/2026 09:00:00</startDate>").replace("<timeZoneID>4</timeZoneID><duration>30</duration>", "<duration>30</duration><timeZoneID>4</timeZoneID>")}${metaData}`,
  },
  { type: "training.SetTrainingSession", body: `${metaData}${key("TC")}` },
  { type: "training.DelTrainingSession", body: key("TC") },
  { type: "training.GetTrainingSession", body: key("TC") },
  { type: "training.LstsummaryTrainingSession" },
  { type: "training.LstTrainingSession" },
  { type: "training.GetLabInfo", body: "<labName>Bridge simulator</labName>" },
  {
    type: "training.CheckLabAvailability",
    body: `<labName>Bridge simulator</labName>${times}<numComputers>2</numComputers>`,
  },
  { type: "training.GetLabSchedule", body: `<labName>Bridge simulator</labName>${times}` },
  {
    type: "training.ReserveLab",
    body: "<labName>Bridge simulator</labName><numComputers>2</numComputers><topic>Docking</topic><timeLimit>60</timeLimit><startDate>11/25/2026 04:00:00</startDate><endDate>11/25/2026 05:00:00</endDate><timeZoneID>4</timeZoneID><sendMail>false</sendMail>",
  },
  { type: "training.LstScheduledTests", body: key("TC") },
  { type: "training.GetTestInformation", body: "<testID>5001</testID>" },
  { type: "training.GetIMStestDetails", body: "<testID>5001</testID>" },
  {
    type: "training.GetIMStestResult",
    body: "<testID>5001</testID><participantEmail>gita.hale@visitor.example</participantEmail>",
  },
  { type: "training.AddScheduledTest", body: `${key("TC")}<testID>1</testID>` },
  {
    type: "training.SetScheduledTest",
    body: `${key("TC")}<testID>5001</testID><deliveryMethod><session>true</session></deliveryMethod><timeLimit><withinMinutes>15</withinMinutes></timeLimit><attemptLimit><noLimit>TRUE</noLimit></attemptLimit>`,
  },
  { type: "training.DelScheduledTest", body: `<testID>5001</testID>${key("TC")}` },
  { type: "training.LstLibTests" },
  { type: "training.CopyLibTests", body: "<testID>1</testID><copyToType>SHARE</copyToType>" },
  { type: "training.DelLibTests", body: "<testID>1</testID>" },
  {
    type: "training.UploadIMStest",
    body: "<display><onePerPage>true</onePerPage></display><questestinterop><assessment><section><item>?</item></section></assessment></questestinterop>",
  },

  {
    type: "event.CreateEvent",
    body: `<accessControl><sessionPassword>tide</sessionPassword></accessControl><metaData><sessionName>Boat race</sessionName></metaData>${schedule}`,
  },
  { type: "event.SetEvent", body: `<metaData><sessionName>Boat race</sessionName></metaData>${key("EC")}` },
  { type: "event.DelEvent", body: key("EC") },
  { type: "event.GetEvent", body: key("EC") },
  { type: "event.LstsummaryEvent" },
  { type: "event.LstrecordedEvent" },
  { type: "event.LstsummaryProgram" },
  { type: "event.SendInvitationEmail", body: `${key("EC")}<attendees>true</attendees><panelists>true</panelists>` },
  { type: "event.UploadEventImage", body: `${key("EC")}<imageType>JPG</imageType><imageData>aGFyYm91cg==</imageData>` },

  { type: "sales.AddProducts", by: "site.admin", body: "<product><name>Tug hour</name></product>" },
  { type: "sales.SetProducts", by: "site.admin", body: "<product><name>Tug day</name><prodID>1</prodID></product>" },
  { type: "sales.LstProducts", body: "<name>slot</name>" },
  {
    type: "sales.CreateSalesSession",
    body: `<accessControl><meetingPassword>tide</meetingPassword></accessControl>${metaData}${schedule}<prospects><prospect><name>Jo Kerr</name><email>jo.kerr@visitor.example</email></prospect></prospects>`,
  },
  { type: "sales.SetSalesSession", by: "ben.cole", body: `${metaData}<meetingKey>${seeded.SaC}</meetingKey>` },
  { type: "sales.DelSalesSession", by: "ben.cole", body: `<meetingKey>${seeded.SaC}</meetingKey>` },
  { type: "sales.GetSalesSession", by: "ben.cole", body: `<meetingKey>${seeded.SaC}</meetingKey>` },
  { type: "sales.LstsummarySalesSession", body: "<account>North Freight</account>" },
  { type: "sales.CreateAccount", body: "<account><name>South Freight</name></account>" },
  {
    type: "sales.SetAccount",
    by: "ben.cole",
    body: "<account><name>North Freight Ltd</name><intAccountID>1</intAccountID></account>",
  },
  { type: "sales.LstAccounts", by: "ben.cole", body: "<returnOppty>true</returnOppty>" },
  { type: "sales.CreateOpportunity", body: "<opportunity><name>Dry goods</name></opportunity>" },
  {
    type: "sales.SetOpportunity",
    by: "ben.cole",
    body: "<opportunity><name>Reefers again</name><intAccountID>1</intAccountID><intOpptyID>1</intOpptyID></opportunity>",
  },
  { type: "sales.LstOpportunities", by: "ben.cole", body: "<intAccountID>1</intAccountID>" },

  { type: "history.LstmeetingusageHistory", body: `<startTimeScope>${scope}</startTimeScope>` },
  { type: "history.LsttrainingsessionHistory", body: `<startTimeScope>${scope}</startTimeScope>` },
  { type: "history.LsteventsessionHistory", body: `<startTimeScope>${scope}</startTimeScope>` },
  { type: "history.LstsupportsessionHistory", body: `<startTimeScope>${scope}</startTimeScope>` },
  { type: "history.LstsalessessionHistory", body: "<account>North Freight</account>" },
  { type: "history.LstmeetingattendeeHistory" },
  { type: "history.LsttrainingattendeeHistory" },
  { type: "history.LsteventattendeeHistory" },
  { type: "history.LstsupportattendeeHistory" },
  { type: "history.LstsalesattendeeHistory" },
  { type: "history.LstrecordaccessHistory" },
  { type: "history.LstrecordaccessDetailHistory", body: "<recordID>1</recordID>" },

  { type: "attendee.CreateMeetingAttendee", body: `${person}${key("MC")}` },
  {
    type: "attendee.RegisterMeetingAttendee",
    body: `<attendees>${person}<joinStatus>REGISTER</joinStatus>${key("TC")}</attendees>`,
  },
  { type: "attendee.LstMeetingAttendee", body: key("MC") },
  { type: "attendee.DelMeetingAttendee", body: "<attendeeID>1</attendeeID>" },
  { type: "attendee.GetEnrollmentInfo", body: key("TC") },

  { type: "site.GetSite" },
  {
    type: "site.SetSite",
    by: "site.admin",
    body: "<meetingPlace><mpProfileURL>https://mp.example/</mpProfileURL></meetingPlace>",
  },
  { type: "site.LstTimeZone", body: "<timeZoneID>4</timeZoneID><timeZoneID>45</timeZoneID>" },
  { type: "site.GetWebACDQueues", by: "ben.cole" },
  { type: "supportsession.CreateSupportSession", body: "<metaData><sessionType>16</sessionType></metaData>" },
  { type: "meetingtype.GetMeetingType", body: "<meetingTypeID>3</meetingTypeID>" },
  { type: "meetingtype.LstMeetingType" },
];
