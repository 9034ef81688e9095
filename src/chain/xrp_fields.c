/* Facts of the XRP Ledger's official definitions: which field codes exist, which are
 * not signed, and the names of transaction types.  Whoever adds an amendment's fields
 * here compares with the definitions that `server_definitions` of a server returns. */
#include <stddef.h>

#include "chain/xrp.h"

/* clang-format off */
static const struct {
    uint8_t type, first, last; /* codes first..last of this type exist */
} known[] = {
    {CS_XRP_UINT16, 1, 6},      {CS_XRP_UINT16, 16, 16},    {CS_XRP_UINT16, 21, 22},
    {CS_XRP_UINT32, 1, 44},     {CS_XRP_UINT32, 48, 48},    {CS_XRP_UINT32, 50, 80},
    {CS_XRP_UINT64, 1, 13},     {CS_XRP_UINT64, 19, 33},
    {CS_XRP_HASH128, 1, 1},
    {CS_XRP_HASH256, 1, 14},    {CS_XRP_HASH256, 16, 19},   {CS_XRP_HASH256, 21, 29},
    {CS_XRP_HASH256, 34, 41},
    {CS_XRP_AMOUNT, 1, 13},     {CS_XRP_AMOUNT, 16, 19},    {CS_XRP_AMOUNT, 22, 34},
    {CS_XRP_BLOB, 1, 14},       {CS_XRP_BLOB, 16, 21},      {CS_XRP_BLOB, 26, 46},
    {CS_XRP_ACCOUNT, 1, 6},     {CS_XRP_ACCOUNT, 8, 12},    {CS_XRP_ACCOUNT, 18, 31},
    {CS_XRP_NUMBER, 1, 17},
    {CS_XRP_INT32, 1, 2},
    {CS_XRP_OBJECT, 2, 13},     {CS_XRP_OBJECT, 15, 16},    {CS_XRP_OBJECT, 18, 19},
    {CS_XRP_OBJECT, 25, 38},
    {CS_XRP_ARRAY, 3, 10},      {CS_XRP_ARRAY, 12, 13},     {CS_XRP_ARRAY, 16, 17},
    {CS_XRP_ARRAY, 21, 22},     {CS_XRP_ARRAY, 24, 31},
    {CS_XRP_UINT8, 1, 6},       {CS_XRP_UINT8, 16, 17},     {CS_XRP_UINT8, 19, 22},
    {CS_XRP_HASH160, 1, 4},
    {CS_XRP_PATHSET, 1, 1},
    {CS_XRP_VECTOR256, 1, 5},
    {CS_XRP_HASH192, 1, 4},
    {CS_XRP_ISSUE, 1, 4},
    {CS_XRP_BRIDGE, 1, 1},
    {CS_XRP_CURRENCY, 1, 2},
};

static const struct {
    uint8_t code;
    const char *name;
} types[] = {
    {0, "Payment"},
    {1, "EscrowCreate"},
    {2, "EscrowFinish"},
    {3, "AccountSet"},
    {4, "EscrowCancel"},
    {5, "SetRegularKey"},
    {7, "OfferCreate"},
    {8, "OfferCancel"},
    {10, "TicketCreate"},
    {12, "SignerListSet"},
    {13, "PaymentChannelCreate"},
    {14, "PaymentChannelFund"},
    {15, "PaymentChannelClaim"},
    {16, "CheckCreate"},
    {17, "CheckCash"},
    {18, "CheckCancel"},
    {19, "DepositPreauth"},
    {20, "TrustSet"},
    {21, "AccountDelete"},
    {25, "NFTokenMint"},
    {26, "NFTokenBurn"},
    {27, "NFTokenCreateOffer"},
    {28, "NFTokenCancelOffer"},
    {29, "NFTokenAcceptOffer"},
    {30, "Clawback"},
    {31, "AMMClawback"},
    {35, "AMMCreate"},
    {36, "AMMDeposit"},
    {37, "AMMWithdraw"},
    {38, "AMMVote"},
    {39, "AMMBid"},
    {40, "AMMDelete"},
    {41, "XChainCreateClaimID"},
    {42, "XChainCommit"},
    {43, "XChainClaim"},
    {44, "XChainAccountCreateCommit"},
    {45, "XChainAddClaimAttestation"},
    {46, "XChainAddAccountCreateAttestation"},
    {47, "XChainModifyBridge"},
    {48, "XChainCreateBridge"},
    {49, "DIDSet"},
    {50, "DIDDelete"},
    {51, "OracleSet"},
    {52, "OracleDelete"},
    {53, "LedgerStateFix"},
    {54, "MPTokenIssuanceCreate"},
    {55, "MPTokenIssuanceDestroy"},
    {56, "MPTokenIssuanceSet"},
    {57, "MPTokenAuthorize"},
    {58, "CredentialCreate"},
    {59, "CredentialAccept"},
    {60, "CredentialDelete"},
    {61, "NFTokenModify"},
    {62, "PermissionedDomainSet"},
    {63, "PermissionedDomainDelete"},
    {64, "DelegateSet"},
    {65, "VaultCreate"},
    {66, "VaultSet"},
    {67, "VaultDelete"},
    {68, "VaultDeposit"},
    {69, "VaultWithdraw"},
    {70, "VaultClawback"},
    {71, "Batch"},
    {74, "LoanBrokerSet"},
    {75, "LoanBrokerDelete"},
    {76, "LoanBrokerCoverDeposit"},
    {77, "LoanBrokerCoverWithdraw"},
    {78, "LoanBrokerCoverClawback"},
    {80, "LoanSet"},
    {81, "LoanDelete"},
    {82, "LoanManage"},
    {84, "LoanPay"},
    {85, "ConfidentialMPTConvert"},
    {86, "ConfidentialMPTMergeInbox"},
    {87, "ConfidentialMPTConvertBack"},
    {88, "ConfidentialMPTSend"},
    {89, "ConfidentialMPTClawback"},
    {90, "SponsorshipTransfer"},
    {91, "SponsorshipSet"},
    /* 100 and up are pseudo-transactions: the ledger makes them itself. */
};
/* clang-format on */

bool cs_xrp_field_known(uint32_t id)
{
    uint32_t type = id >> 8;
    uint32_t nth = id & 0xff;

    for (size_t i = 0; i < CS_COUNTOF(known); i++) {
        if (known[i].type == type && nth >= known[i].first && nth <= known[i].last) {
            return true;
        }
    }
    return false;
}

bool cs_xrp_field_unsigned(uint32_t id)
{
    return id == CS_XRP_TXN_SIGNATURE || id == CS_XRP_SIGNATURE ||
           id == CS_XRP_MASTER_SIGNATURE || id == CS_XRP_SIGNERS ||
           id == CS_XRP_BATCH_SIGNERS || id == CS_XRP_COUNTERPARTY_SIGNATURE ||
           id == CS_XRP_SPONSOR_SIGNATURE;
}

const char *cs_xrp_type_name(unsigned transaction_type)
{
    for (size_t i = 0; i < CS_COUNTOF(types); i++) {
        if (types[i].code == transaction_type) {
            return types[i].name;
        }
    }
    return NULL;
}
