#pragma once

/// Tokens and keys made once for the tests: issuer "issuer", audience "api", valid from 1000 to
/// 2000.
namespace pgsluice::api {

inline constexpr const char* kKeySet =
    R"json({"keys": [{"kty": "oct", "k": "AAAA", "kid": "o"}, {"kty": "RSA", "n": "4Kx_UETI4OmkZZ55Eo-xIvAwb2hgDLcr_osaocobbe06c0bf0drKMSpTVZzMJbP-Wzt0Ay2bqaOWH4O8Uvwl-iYARmD98CA3V1EXHZhxqjkk6eR_V0btuV-CL5dVQ_F1sqeOmCIu1pkMqiZHmjX-zGBDzvEXT8V0jKp0qGglrjpYUq1DMt8SDqQjqrVpjc68McPo4wVgtJbusevTDFnKEFFO70GqG4yDg3r_Agh1H2QHw6-i7rcC_ATEpNanWeplI1dSkPlxmMstJtGvj2y7NdbupOXcsc1JwfcYhWGta6OKvfwxmt9A_hweVJX8xm9NSr6LtqSgMOmYWAupBMT50w", "e": "AQAB", "kid": "r1", "alg": "RS256", "use": "sig"}, {"kty": "EC", "crv": "P-256", "x": "29jfi2_zvOV6c94n-85z-otzMr6Lz12w41_owBgLS-M", "y": "A0JX1LfXElK9UdlFVi1rDxhgKXUrIeStAw3BfQrofA4", "kid": "e1"}]})json";
inline constexpr const char* kRs256 =
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InIxIiwidHlwIjoiSldUIn0.eyJzdWIiOiJ1MSIsImlzcyI6Imlz"
    "c3VlciIsImF1ZCI6WyJhcGkiLCJvdGhlciJdLCJleHAiOjIwMDAsIm5iZiI6MTAwMCwidGVuYW50X2lk"
    "Ijo5MDA3MTk5MjU0NzQwOTkzfQ.suIBALV7QgwFA1VX1BoQlIDPFMGG6W8q1-yQ8dKEctI1bzPs59FSo"
    "Aj1zuaBZ-M_ATSGB1LFeFoFjOfvQNcrebBsnVus5bdxiDteg02_G79waYq5AMmy4BBMhA4BkXHLFA9Fp"
    "lwMAyh3w65tshg3F4Y_Arq8AMUdmwrYw290P_w3d1lMESMe_Xo3tjVtW_7nTanylKyeXT1s9HzzBVuEB"
    "L-_AI_2LrKj5EBPO11-SwhefIEtNXvxPI1qIgk0lxQho7qw3fdZE7lH7PHPil9UXLppprWUNN5q1Z_GR"
    "BkcLf57U5hQxNf5gHUpkjrKRkrm6gGZAsMI3BHcJ14oKRO-5g";
inline constexpr const char* kRs256WithoutKid =
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1MSIsImlzcyI6Imlzc3VlciIsImF1ZCI"
    "6WyJhcGkiLCJvdGhlciJdLCJleHAiOjIwMDAsIm5iZiI6MTAwMCwidGVuYW50X2lkIjo5MDA3MTk5MjU"
    "0NzQwOTkzfQ.VGJrBDrjy9e1GKxJo70ZBJlD1JMEcdywME30FwviUNPw33uplSli1PTfG9tQlnOLmr4D"
    "2HXXBq0GVGVvMEd5oQ_C-xC3HXSYqa4c4U8j80kaTrl-Kd1GJqZX0_gcXO4F5XO2yaO_GGG2GjpSAJp7"
    "WJAI34IeUTlzQIiSZFJYOHDGd8tCVUxRB7NvRZL6NHLiO57jTwqvlaAVCIkd-yiJB_rhyxUlb6yBKurn"
    "vTezkqRqQlmaR_cvCc42r3IY1HL8ncoxe9G4RTVliYVUSIIdwplHzk9zF_a5CzeKh8t1kLHK2Rfjn81-"
    "yjt7pbdOjnAqrt6TPRC9ldic-MV3-YdQYw";
inline constexpr const char* kRs256OtherKey =
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InIxIiwidHlwIjoiSldUIn0.eyJzdWIiOiJ1MSIsImlzcyI6Imlz"
    "c3VlciIsImF1ZCI6WyJhcGkiLCJvdGhlciJdLCJleHAiOjIwMDAsIm5iZiI6MTAwMCwidGVuYW50X2lk"
    "Ijo5MDA3MTk5MjU0NzQwOTkzfQ.oqrExdZ6SCzlzuVHwdDyVze1hbxfU61iFzlxbi-qkmGnwnPS0xryI"
    "cXxOL9mu_OjwvUr9Up7AKmGIpiSXQqGLZA0Jt7_JsNdeTKtFk0LZpLwGBrTHbyuutDoiN78lRwsWO5sE"
    "VbgOZvRC13KGvId4oPWecF17-S4ubkhCMijVOFIe7WhOWx2zSAIJCuLkbowdSRZTsGxp-x0U1b_Da9JW"
    "b-KYQFgodWIykeYaUVSfWi0K8U5W1D7nDmRDEfbNgn720BLbV8RbznwGoxWB17Ss6o2j8QdI3LS5B_7a"
    "3Y-dMWqGvq3AR2WbmBRBycc2KUBkrGRgnrr4dkquUHc_eL3vQ";
inline constexpr const char* kRs512 =
    "eyJhbGciOiJSUzUxMiIsImtpZCI6InIxIiwidHlwIjoiSldUIn0.eyJzdWIiOiJ1MSIsImlzcyI6Imlz"
    "c3VlciIsImF1ZCI6WyJhcGkiLCJvdGhlciJdLCJleHAiOjIwMDAsIm5iZiI6MTAwMCwidGVuYW50X2lk"
    "Ijo5MDA3MTk5MjU0NzQwOTkzfQ.b80GIF_iCkwIjn5HNk4tfncXcinPmkYo2tyu0v3xK6zvuqfstbcyl"
    "Rk0OVEF01kYIDBXFxrLcjWvXRAMf2SiNnOMBbSZcyJLC-Q2t1pUzewjnrzo1qWL6tTF9dGEP7X_EahpJ"
    "lxIy1arw6QeI47R79hg6HQkICiuqEEU-RZ-RWUianmzA7coJlY2E73yT8PHRIkBesmn2xCDtgOom0-hA"
    "4AX0GR1AYElvWK3V18lfW8du0-GEQ18o7xuTyVdjKwF4AClzYQTEhOgrK9pZnHuSAmsSg0oSN5_nDbTP"
    "Tgh_tGx9F-oAh7iw3Z3xD143jOtKsqYfiivnRczvRz1E__6ag";
inline constexpr const char* kEs256 =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUxIiwidHlwIjoiSldUIn0.eyJzdWIiOiJ1MSIsImlzcyI6Imlz"
    "c3VlciIsImF1ZCI6WyJhcGkiLCJvdGhlciJdLCJleHAiOjIwMDAsIm5iZiI6MTAwMCwidGVuYW50X2lk"
    "Ijo5MDA3MTk5MjU0NzQwOTkzfQ.DuB16SshoJvmk4I0WpHbY8eCPw5FOS8ET1HAhzsCIidUAW5WGK5Qm"
    "YT1Vj9ABoa9X-r-8sEixWFzk4mdWo6UcA";
inline constexpr const char* kNone =
    "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJ1MSIsImlzcyI6Imlzc3VlciIsImF1ZCI6"
    "WyJhcGkiLCJvdGhlciJdLCJleHAiOjIwMDAsIm5iZiI6MTAwMCwidGVuYW50X2lkIjo5MDA3MTk5MjU0"
    "NzQwOTkzfQ.";
inline constexpr const char* kConfused =
    "eyJhbGciOiJIUzI1NiIsImtpZCI6InIxIn0.eyJzdWIiOiJ1MSIsImlzcyI6Imlzc3VlciIsImF1ZCI6"
    "WyJhcGkiLCJvdGhlciJdLCJleHAiOjIwMDAsIm5iZiI6MTAwMCwidGVuYW50X2lkIjo5MDA3MTk5MjU0"
    "NzQwOTkzfQ.K0eUvMN7h3-Jq0lMZOVUEuxbKnfIaEV6sLrrIZg54rs";

}  // namespace pgsluice::api
