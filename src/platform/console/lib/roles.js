// The six roles as people read them.  What each may in detail comes from the server
// (GET /v2/credentials/permissions, member roles), which has the one table.
export const ROLES = [
    {value: 'OWNER', title: 'Owner', text: 'Everything, and the only one who manages owners and backup kits.'},
    {value: 'ADMINISTRATOR', title: 'Administrator', text: 'Approves devices, confirms quorums, enables keys, manages users and credentials.'},
    {value: 'PROPOSER', title: 'Proposer', text: 'Creates devices, quorums, vaults and keys, and asks for signatures.'},
    {value: 'APPROVER', title: 'Approver', text: 'Decides what others propose; may create devices.'},
    {value: 'AUDITOR', title: 'Auditor', text: 'Reads everything, the audit log too. Changes nothing.'},
    {value: 'VIEWER', title: 'Viewer', text: 'Reads devices, quorums, vaults, keys and transactions.'},
];

export function roleNames(roles) {
    return (roles ?? []).map((r) => ROLES.find((x) => x.value === r)?.title ?? r);
}
