"""The attributes of NationBuilder's resources as its API v2 describes them, against the schemas of its streams."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[2] / "schemas" / "osdi_crm_schemas" / "nationbuilder"

# Transcribed from nationbuilder.com/api/v2/docs/v2/released.yaml. RW: read and written. RO: read only. WO: written
# only. XO: read only when extra_fields asks for it. An address is an object with the keys of ADDRESS.
ATTRIBUTES = {
    "signups": """
        RW string: author_id availability church city_district city_sub_district civicrm_id contact_status
            county_district county_file_id datatrust_id demo dw_id email email1 email2 email3 email4 employer
            ethnicity external_id fax_number federal_district fire_district first_name import_id inferred_party
            judicial_district labour_region language last_call_id last_contacted_by_id last_name legal_name locale
            marital_status middle_name mobile_number ngp_id note occupation parent_id party pf_strat_id phone_number
            phone_time precinct_id prefix previous_party profile_content profile_headline recruiter_id religion rnc_id
            rnc_regid salesforce_id school_district school_sub_district sex state_file_id state_lower_district
            state_upper_district submitted_address suffix supranational_district township username van_id
            village_district ward work_phone_number
        RW date-time: banned_at first_donated_at first_fundraised_at first_prospect_at first_recruited_at
            first_supporter_at first_volunteer_at last_contacted_at last_donated_at last_fundraised_at
            last_rule_violation_at unsubscribed_at
        RW date: born_at registered_at
        RW integer: capital_amount_in_cents could_vote_status donations_amount_in_cents
            donations_amount_this_cycle_in_cents donations_count donations_count_this_cycle
            donations_pledged_amount_in_cents donations_raised_amount_in_cents
            donations_raised_amount_this_cycle_in_cents donations_raised_count donations_raised_count_this_cycle
            donations_to_raise_amount_in_cents inferred_support_level primary_email_id priority_level
            received_capital_amount_in_cents rule_violations_count signup_type spent_capital_amount_in_cents
            support_level warnings_count
        RW object: custom_values
        RW boolean: do_not_call do_not_contact email1_is_bad email2_is_bad email3_is_bad email4_is_bad email_opt_in
            federal_donotcall is_deceased is_fundraiser is_ignore_donation_limits is_leaderboardable is_mobile_bad
            is_possible_duplicate is_profile_private is_profile_searchable is_prospect is_supporter
            is_survey_question_private is_volunteer mobile_opt_in party_member
        RO date-time: created_at note_updated_at priority_level_changed_at support_level_changed_at updated_at
        RO boolean: email1_is_bouncing email2_is_bouncing email3_is_bouncing email4_is_bouncing is_cpu is_donor
        RO string: full_name profile_content_html
        WO address: billing_address_attributes home_address_attributes mailing_address_attributes
            registered_address_attributes user_submitted_address_attributes work_address_attributes
        XO address: billing_address home_address mailing_address primary_address registered_address
            user_submitted_address work_address
        XO string: profile_image_url
    """,
    "signup_tags": """
        RW string: name
        RO boolean: from_sharing_nation imported shared_with_nations
        RO integer: taggings_count
    """,
    "signup_taggings": """
        RW string: signup_id tag_id
        RO date-time: created_at
    """,
    "signup_profiles": """
        RW string: bio signup_id website
    """,
    "custom_fields": """
        RO date-time: created_at updated_at
        RO string: field_type name resource_type slug
        RO object: options
        RO integer: position
    """,
    "contacts": """
        RW string: author_id broadcaster_id contact_method contact_status content path_id path_step_id signup_id
        RW integer: pc_in_cents
        RO date-time: created_at
    """,
    "donations": """
        RW string: actblue_order_number check_number donation_tracking_code_id email employer first_name last_name
            mailing_id membership_id middle_name note occupation page_id payment_type_id payment_type_name pledge_id
            signup_id
        RW integer: amount_in_cents
        RW date-time: canceled_at failed_at pending_at succeeded_at
        RW object: custom_values
        RW boolean: is_corporate_contribution is_private
        RO string: amount import_id payout_id status
        RO date-time: created_at updated_at
        WO address: billing_address_attributes work_address_attributes
        WO boolean: send_donor_receipt
        XO address: billing_address work_address
    """,
    "donation_tracking_codes": """
        RW string: name slug
        RO date-time: created_at updated_at
    """,
    "pledges": """
        RW integer: amount_in_cents
        RW string: author_id donation_tracking_code_id page_id recruiter_id signup_id
        RW boolean: is_private
        RO string: amount
        RO integer: amount_left_in_cents
        RO date-time: created_at updated_at
    """,
    "memberships": """
        RW date: expires_on
        RW integer: grace_period_num_time_periods
        RW string: grace_period_time_period_type membership_type_id signup_id status status_reason
        RW date-time: started_at
        RO date-time: created_at updated_at
        RO date: suspended_at
        WO string: activity_author_id
        WO boolean: trigger_autoresponses
    """,
    "membership_types": """
        RW string: description expiration_warning_time_period_type grace_period_time_period_type name page_id
        RW integer: expiration_warning_num_time_periods grace_period_num_time_periods
        RO date-time: created_at updated_at
    """,
    "lists": """
        RW string: author_id description name parent_id signup_id slug
        RW boolean: is_sharing_writable
        RO date-time: created_at updated_at
        RO integer: signups_count
    """,
    "paths": """
        RW string: default_due_date_interval default_point_person_id default_value_amount name
        RW boolean: due_date_is_enabled value_amount_is_enabled
        RO date-time: created_at updated_at
    """,
    "path_steps": """
        RW string: default_due_date_interval default_point_person_id name path_id
        RW integer: position
        RO date-time: created_at updated_at
    """,
    "path_journeys": """
        RW date-time: current_step_due_date due_date
        RW string: current_step_id current_step_point_person_id description path_id point_person_id signup_id
            value_amount
        RO date-time: created_at ended_at last_moved_at updated_at
        RO string: journey_status path_journey_status_change_id
    """,
    "path_journey_status_changes": """
        RW string: name path_id target_status
        RO date-time: created_at updated_at
    """,
    "path_histories": """
        RO string: category current_step_point_person_id path_journey_id path_journey_status_change_id path_step_id
            point_person_id recruiter_id
        RO date-time: created_at updated_at
    """,
    "events": """
        RW boolean: accept_rsvps allow_guests contact_email_private contact_phone_private gather_volunteers private
            sends_auto_response show_guests uses_shifts uses_tickets
        RW integer: additional_rsvps_count attending_count capacity_count duration user_ticket_price_in_cents
        RW string: auto_response_broadcaster_id auto_response_content auto_response_subject contact_email contact_name
            contact_phone_number content donation_tracking_code_id event_form_address event_form_phone point_person_id
            time_zone user_ticket_currency user_ticket_purchase_url venue_name
        RW date-time: start_at
        RO string: page_id
        WO address: venue_address_attributes
        XO address: venue_address
    """,
    "event_rsvps": """
        RW integer: amount_in_cents guests_count tickets_count
        RW boolean: attendee canceled prepaid private volunteer
        RW string: email event_id first_name last_name page_id
        RO date-time: created_at updated_at
        WO address: billing_address_attributes home_address_attributes mailing_address_attributes
            registered_address_attributes user_submitted_address_attributes work_address_attributes
        WO string: phone_number
    """,
    "event_ticket_levels": """
        RW integer: amount_in_cents limit number tickets_sold
        RW string: description event_id name
    """,
    "petitions": """
        RW integer: additional_signatures_count goal
        RW string: auto_response_broadcaster_id auto_response_content auto_response_subject content intro page_id
            petition_form_address petition_form_phone signature_name
        RW boolean: gather_volunteers is_auto_response
    """,
    "petition_signatures": """
        RW string: comment petition_id recruiter_id signup_id
        RW boolean: is_private
        RO date-time: created_at updated_at
        RO string: page_id
        WO boolean: trigger_autoresponses
    """,
    "pages": """
        RW string: author_id excerpt external_id headline name page_type_name parent_id permission_level site_id slug
            status title
        RO string: ancestors_permission_level effective_permission_level parent_slug url_path
        RO date-time: published_at
    """,
    "sites": """
        RO string: domain name slug
    """,
    "surveys": """
        RW string: name
        RO date-time: created_at updated_at
    """,
    "survey_questions": """
        RW string: content intro question_format slug status survey_id tag_list
        RW boolean: is_randomized
        RO date-time: created_at published_at updated_at
        RO integer: position
    """,
    "survey_question_possible_responses": """
        RW string: name outro survey_question_id tag_list
        RW integer: position
        RO date-time: created_at updated_at
    """,
    "survey_question_responses": """
        RW string: author_id content question_format signup_id survey_question_id survey_question_possible_response_id
        RO date-time: created_at updated_at
        RO boolean: is_skipped
        RO string: page_id
    """,
    "suggestion_boxes": """
        RW boolean: allow_image require_image send_auto_responses send_official_response_notifications
            send_response_notifications
        RW string: auto_response_broadcaster content external_id headline name
            official_response_notification_broadcaster point_person_id response_notification_broadcaster site_id slug
            status tag_list title
        RO date-time: created_at updated_at
        RO string: page_id
    """,
    "suggestions": """
        RW string: content external_id headline official_response recruiter_id response_author_id slug status
            suggestion_box_id
        RW date-time: responded_at
        RW integer: response_type_id
        RO date-time: created_at updated_at
        RO boolean: has_image is_responded
        RO string: page_id site_id
        WO boolean: notify_followers
    """,
    "relationships": """
        RW string: first_signup_id relationship_type second_signup_id title
        RO date-time: created_at updated_at
    """,
    "precincts": """
        RW string: code name point_person_id
    """,
    "voters": """
        RW boolean: is_absentee_voter is_active_voter is_dropped_from_file is_early_voter is_permanent_absentee_voter
        RW string: signup_id
    """,
    "elections": """
        RW string: country_code election_cycle election_period state
        RW integer: donation_maximum_in_cents
        RW date: election_at registration_ends_at
        RO date-time: created_at updated_at
        RO string: donation_maximum
    """,
    "ballots": """
        RW date: cast_at
        RW string: election_id party vote_method voter_id
    """,
    "mailings": """
        RO string: broadcaster_id custom_list_id description from name preheader slug subject tag_list
        RO date-time: canceled_at created_at published_at queued_at send_at updated_at
        XO string: body_html body_html_parsed
    """,
    "broadcasters": """
        RO string: call_type_id email emailer_tags name point_person_id signup_id text_point_person_id text_tags
            voicemail_point_person_id voicemail_tags
        RO date-time: created_at updated_at
        RO boolean: emailers_need_followup is_bcc new_email_sender_marked_as_prospect receive_email
            text_needs_followup voicemail_needs_followup
        RO integer: mailings_count received_calls_count text_blasts_count
    """,
    "imports": """
        RO string: content_head error_lines file_name status tag_list type
        RO date-time: created_at finished_at started_at updated_at
        RO boolean: is_overwritable
        RO integer: lines_count rows_successful rows_unsuccessful rows_updated
    """,
    "automations": """
        RW string: description name
        RO date-time: created_at paused_at
        RO string: status
        XO integer: completed_enrollments_count converted_enrollments_count removed_enrollments_count
            total_enrollments_count
        XO boolean: conversions_enabled
    """,
    "automation_enrollments": """
        RW string: automation_id campaign_source campaign_url signup_id
        RO integer: automation_step_number
        RO date-time: created_at excluded_at next_execution
    """,
}

# Answers of 2024 have these too; the published description does not. Read only.
UNDESCRIBED = {
    "signups": """
        RO string: auto_import_id mobile_number_normalized phone_number_normalized
        RO date-time: active_customer_expires_at active_customer_started_at first_invoice_at last_invoice_at
        RO integer: closed_invoices_amount_in_cents closed_invoices_count invoice_payments_amount_in_cents
            invoice_payments_referred_amount_in_cents invoices_amount_in_cents invoices_count
            outstanding_invoices_amount_in_cents outstanding_invoices_count overdue_invoices_count
        RO number: support_probability_score turnout_probability_score
    """,
}

# Relationships to one record that no attribute gives: property, relationship, and whether a write may set it.
RELATIONSHIPS = {
    "signups": [("page_id", "page", False)],
    "donations": [("author_id", "author", True), ("recruiter_id", "recruiter", True)],
    "event_rsvps": [
        ("signup_id", "signup", True),
        ("author_id", "author", True),
        ("recruiter_id", "recruiter", True),
        ("event_ticket_level_id", "event_ticket_level", True),
    ],
    "survey_questions": [("author_id", "author", False)],
    "mailings": [("author_id", "author", False)],
    "imports": [
        ("author_id", "author", False),
        ("point_person_id", "point_person", False),
        ("terminator_id", "terminator", False),
    ],
}

# The stream whose key a property holds, by "stream.property" where a property of that name means different things.
REFERENCES = {
    "activity_author_id": "signups",
    "author_id": "signups",
    "automation_id": "automations",
    "broadcaster_id": "broadcasters",
    "current_step_id": "path_steps",
    "current_step_point_person_id": "signups",
    "custom_list_id": "lists",
    "default_point_person_id": "signups",
    "donation_tracking_code_id": "donation_tracking_codes",
    "election_id": "elections",
    "event_id": "events",
    "event_ticket_level_id": "event_ticket_levels",
    "first_signup_id": "signups",
    "import_id": "imports",
    "last_contacted_by_id": "signups",
    "auto_response_broadcaster_id": "broadcasters",
    "list_id": "lists",
    "mailing_id": "mailings",
    "membership_id": "memberships",
    "membership_type_id": "membership_types",
    "page_id": "pages",
    "path_id": "paths",
    "path_journey_id": "path_journeys",
    "path_journey_status_change_id": "path_journey_status_changes",
    "path_step_id": "path_steps",
    "petition_id": "petitions",
    "pledge_id": "pledges",
    "point_person_id": "signups",
    "precinct_id": "precincts",
    "recruiter_id": "signups",
    "response_author_id": "signups",
    "second_signup_id": "signups",
    "signup_id": "signups",
    "site_id": "sites",
    "suggestion_box_id": "suggestion_boxes",
    "survey_id": "surveys",
    "survey_question_id": "survey_questions",
    "survey_question_possible_response_id": "survey_question_possible_responses",
    "tag_id": "signup_tags",
    "terminator_id": "signups",
    "text_point_person_id": "signups",
    "voicemail_point_person_id": "signups",
    "voter_id": "voters",
    "signups.parent_id": "signups",
    "lists.parent_id": "lists",
    "pages.parent_id": "pages",
    "suggestion_boxes.auto_response_broadcaster": "broadcasters",
    "suggestion_boxes.official_response_notification_broadcaster": "broadcasters",
    "suggestion_boxes.response_notification_broadcaster": "broadcasters",
}

# An address that can be written has the key "delete" too.
ADDRESS = """
    RW string: address1 address2 address3 city state zip county country_code lat lng fips submitted_address import_id
        phone_number phone_country_code work_phone work_phone_number
    RW number: distance
"""

# A signup is also pushed; a tagging and an enrollment are made and deleted, never changed.
WRITES = {
    "signups": ["create", "update", "helper"],
    "signup_taggings": ["create"],
    "automation_enrollments": ["create"],
}


def parse(table: str) -> Iterator[tuple[str, str, str]]:
    """(access, type, attribute) of each attribute in a table."""
    for access, type_, names in re.findall(r"(RW|RO|WO|XO) ([a-z-]+):([a-z0-9_\s]+?)(?=\s(?:RW|RO|WO|XO)\s|$)", table):
        for name in names.split():
            yield access, type_, name


def properties(stream: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{stream}.json").read_text(encoding="utf-8"))["properties"]
    return found


def json_type(type_: str) -> tuple[list[str], str | None]:
    """The JSON Schema type and format of an attribute's type."""
    if type_ in {"date", "date-time"}:
        return ["null", "string"], type_
    return ["null", "object" if type_ == "address" else type_], None


CASES = [(stream, *case) for stream, table in ATTRIBUTES.items() for case in parse(table)]


def test_the_transcription_is_whole() -> None:
    assert len(ATTRIBUTES) == 40
    assert len(CASES) == len({(stream, name) for stream, _, _, name in CASES}) == 588
    assert Counter(access for _, access, _, _ in CASES) == {"RW": 383, "RO": 166, "WO": 21, "XO": 18}


def test_every_resource_is_a_stream_and_so_are_the_members_of_lists() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == {*ATTRIBUTES, "list_signups"}


@pytest.mark.parametrize(("stream", "access", "type_", "name"), CASES, ids=str)
def test_attribute(stream: str, access: str, type_: str, name: str) -> None:
    found = properties(stream)
    writes = WRITES.get(stream, ["create", "update"])
    written_as = f"{name}_attributes"
    if access == "WO" and name not in found:
        # read under another name: one property for both
        pairs = [candidate for candidate in found.values() if candidate.get("x-write-name") == name]
        assert len(pairs) == 1
        assert pairs[0]["x-write"] == writes
        assert pairs[0]["type"] == json_type(type_)[0]
        return
    attribute = found[name]
    assert (attribute["type"], attribute.get("format")) == json_type(type_)
    is_pair = access == "XO" and (stream, "WO", "address", written_as) in CASES
    assert attribute.get("x-write") == (writes if access in {"RW", "WO"} or is_pair else None)
    assert attribute.get("x-write-name") == (written_as if is_pair else None)
    assert attribute.get("x-write-only") == (True if access == "WO" else None)
    assert attribute.get("x-extra-field") == (True if access == "XO" else None)
    if type_ == "address":
        keys = {key: key_type for _, key_type, key in parse(ADDRESS)}
        if access == "WO" or is_pair:
            keys["delete"] = "boolean"
        assert {key: value["type"] for key, value in attribute["properties"].items()} == {
            key: ["null", key_type] for key, key_type in keys.items()
        }
    if type_ in {"address", "object"}:
        assert attribute["additionalProperties"] is True
    if type_ == "object":
        assert "properties" not in attribute


@pytest.mark.parametrize("stream", ATTRIBUTES)
def test_a_stream_has_its_key_first_its_references_next_and_nothing_else(stream: str) -> None:
    found = properties(stream)
    attributes = {name for resource, _, _, name in CASES if resource == stream}
    pairs = {attribute["x-write-name"] for attribute in found.values() if "x-write-name" in attribute}
    undescribed = {name for _, _, name in parse(UNDESCRIBED.get(stream, ""))}
    linked = {name for name, _, _ in RELATIONSHIPS.get(stream, [])}
    assert not attributes & linked
    assert set(found) == {"id"} | (attributes - pairs) | linked | undescribed
    assert next(iter(found)) == "id"
    assert found["id"]["type"] == "string"
    refers = ["x-refers-to" in attribute for attribute in list(found.values())[1:]]
    assert refers == sorted(refers, reverse=True)


@pytest.mark.parametrize("stream", UNDESCRIBED)
def test_what_the_description_lacks_is_typed_by_assumption_and_read_only(stream: str) -> None:
    found = properties(stream)
    names = list(parse(UNDESCRIBED[stream]))
    assert len(names) == 18
    for _, type_, name in names:
        assert (found[name]["type"], found[name].get("format")) == json_type(type_)
        assert found[name]["x-unconfirmed"]
        assert "x-write" not in found[name]


@pytest.mark.parametrize("stream", ATTRIBUTES)
def test_relationships_without_an_attribute_are_foreign_keys(stream: str) -> None:
    links = {
        name: (attribute["x-link"], attribute.get("x-write"))
        for name, attribute in properties(stream).items()
        if "x-link" in attribute
    }
    assert links == {
        name: (relationship, ["create", "update"] if writable else None)
        for name, relationship, writable in RELATIONSHIPS.get(stream, [])
    }


@pytest.mark.parametrize("stream", [*ATTRIBUTES, "list_signups"])
def test_foreign_keys_name_their_stream(stream: str) -> None:
    found = properties(stream)
    expected = {name: REFERENCES.get(f"{stream}.{name}", REFERENCES.get(name)) for name in found}
    assert {name: attribute.get("x-refers-to") for name, attribute in found.items()} == expected
    for name, attribute in found.items():
        if "x-refers-to" in attribute:
            assert (FOLDER / f"{attribute['x-refers-to']}.json").exists()
            assert "string" in attribute["type"], name


def test_the_members_of_a_list_have_the_list_and_the_signup_as_their_key() -> None:
    found = properties("list_signups")
    assert list(found) == ["list_id", "signup_id"]
    assert [attribute["type"] for attribute in found.values()] == ["string", "string"]
    assert [attribute["x-write"] for attribute in found.values()] == [["create"], ["create"]]


@pytest.mark.parametrize("stream", [*ATTRIBUTES, "list_signups"])
def test_the_file_is_a_schema_with_a_sentence_for_everything(stream: str) -> None:
    found = json.loads((FOLDER / f"{stream}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(found)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (found["title"], found["type"], found["additionalProperties"]) == (stream, "object", True)
    sentences = [found["description"]]
    for attribute in found["properties"].values():
        sentences += [
            attribute["description"],
            *(key["description"] for key in attribute.get("properties", {}).values()),
        ]
    for sentence in sentences:
        assert re.fullmatch(r"[A-Z].*\.", sentence), sentence


# Attributes of one record each, as the vendor's documents print them.
SAMPLES: dict[str, dict[str, Any]] = {
    "signups": {
        "id": "1",
        "first_name": "Lucy",
        "email1_is_bad": False,
        "primary_email_id": 1,
        "born_at": "1990-08-06",
        "signup_type": 1,
        "external_id": "1",
        "donations_amount_in_cents": 500,
        "custom_values": {"custom_text": "Text Value", "custom_number": "22", "bugs_found": 1.0, "chapter": None},
        "unsubscribed_at": "2019-10-26T10:00:00-04:00",
        "home_address": None,
    },
    "donations": {"id": "1", "amount_in_cents": 500, "amount": "5.00", "payout_id": "po_abc123", "page_id": "1"},
    "custom_fields": {"id": "1", "options": {"1": "option1", "2": "option2"}, "position": 2},
    "paths": {"id": "1", "default_value_amount": "3.50", "due_date_is_enabled": False},
    "elections": {"id": "1", "election_at": "2022-11-08", "donation_maximum": "5.00", "state": "NY"},
    "suggestions": {"id": "1", "response_type_id": 2, "suggestion_box_id": "123", "has_image": False},
    "automation_enrollments": {"id": "1", "automation_step_number": 1, "excluded_at": "2019-10-26T10:00:00-04:00"},
}


@pytest.mark.parametrize("stream", SAMPLES)
def test_a_record_as_the_vendor_prints_it_is_valid(stream: str) -> None:
    schema = json.loads((FOLDER / f"{stream}.json").read_text(encoding="utf-8"))
    assert set(SAMPLES[stream]) <= set(schema["properties"])
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(SAMPLES[stream])
