/**
 * Names in the public documents, copied by hand. Never generate them from the tables. One document prints "Ist…" for
 * "lst…".
 */
export const documentedOperations = `
createUser delUser getloginurlUser getlogouturlUser getUser lstsummaryUser setUser
createMeeting delMeeting gethosturlMeeting getjoinurlMeeting getMeeting lstsummaryMeeting setMeeting
checkLabAvailability createTrainingSession delTrainingSession getIMStestDetails getIMStestResult getLabInfo
getLabSchedule getTestInformation getTrainingSession lstScheduledTests lstsummaryTrainingSession setTrainingSession
createEvent delEvent getEvent lstrecordedEvent lstsummaryEvent setEvent
addProducts createSalesSession getSalesSession lstProducts lstsummarySalesSession setProducts
lsteventsessionHistory lstsalessessionHistory lstsupportsessionHistory lsttrainingsessionHistory
lsteventattendeeHistory lstmeetingattendeeHistory lstsalesattendeeHistory lstsupportattendeeHistory
lsttrainingattendeeHistory lstmeetingusageHistory lstrecordaccessHistory
getSessionInfo createMeetingAttendee
`;

/** Commands of the command summaries, by page. */
export const documentedCommands: Readonly<Record<string, string>> = {
  p: "AC EU IN LI LO SU",
  m: "AA AP AS CF CFAC CFAD CFAR CFAT CR DA DE DM DP EE EM EN GF HM HS IM JE JM JS LM MD OM PR RM RPAD RPEA RPRP SE SK SM SS TE",
  o: "AA DA DF EA FA LF MO QR ST",
  h: "CA LD LL LS",
  c: "DC RA RC RL",
};

/** Table 4-3 of the page of GetSessionInfo, row by row: MC, $C, TC, EC, AO. Y for the check mark, P for PW. */
export const documentedVisibility = `
status YYYYX
isLocked YYYYY
presenter XXYXX
panelistsInfo XXXYX
programName XXXYX
sessionKey YYYYY
confID YYYYY
verifyFlashMediaURL PPXXX
verifyWinMediaURL PPXXX
accessControl YYYYY
sessionPassword PPPXP
listStatus YYYYY
registration YXYYX
registrationURL PXYYX
metaData YYYYY
confName YYYYY
sessionType YYYYY
serviceType YYYYY
agenda PPPXX
description XXYYX
account XPXXX
opportunity XPXXX
isRecurring YYYYY
telephony PPPXP
telephonySupport PPPXP
extTelephonyDescription PPPXP
globalCallinNumbersURL PPPXP
tollFreeRestrictionsURL PPPXP
callInNum PPPXP
backupTollNum PPPXP
particpantAccessCode PPPXP
participantLimitedAccessLabel XXXXP
material XXPYX
imageURL XXXYX
document XXPPX
name XXPPX
URL XXPPX
size XXPPX
test XXPXX
title XXPXX
titleURL XXPXX
delivery XXPXX
status XXPXX
action XXPXX
actionURL XXPXX
host YYYYY
firstName YYYYY
lastName YYYYY
email YYYYY
webExID YYYYY
alternateHost PPXXP
schedule YYYYY
startDate YYYYY
duration YYYYY
timeZone YYYYY
sipURL YXYYX
isAutoRecord YXYYX
`;

export function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}
