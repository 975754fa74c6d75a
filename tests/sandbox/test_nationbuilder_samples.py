"""Every body the sandbox serves for NationBuilder, attribute by attribute, and every attribute written.

Transcribed from nationbuilder.com/api/v2/docs/v2/released.yaml: attributes by access (RW read and written, RO read,
WO written, XO read as an extra field) and type, what is never null, defaults, enumerations, includes, and the example
of each resource.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osdi_crm_sandbox.control import Account, Sandbox

JSON_API = "application/vnd.api+json"

TABLES: dict[str, dict[str, str]] = {
    "signups": {
        "RW string": (
            "author_id availability church city_district city_sub_district civicrm_id contact_status "
            "county_district county_file_id datatrust_id demo dw_id email email1 email2 email3 "
            "email4 employer ethnicity external_id fax_number federal_district fire_district "
            "first_name import_id inferred_party judicial_district labour_region language "
            "last_call_id last_contacted_by_id last_name legal_name locale marital_status "
            "middle_name mobile_number ngp_id note occupation parent_id party pf_strat_id "
            "phone_number phone_time precinct_id prefix previous_party profile_content "
            "profile_headline recruiter_id religion rnc_id rnc_regid salesforce_id school_district "
            "school_sub_district sex state_file_id state_lower_district state_upper_district "
            "submitted_address suffix supranational_district township username van_id "
            "village_district ward work_phone_number "
        ),
        "RW datetime": (
            "banned_at first_donated_at first_fundraised_at first_prospect_at first_recruited_at "
            "first_supporter_at first_volunteer_at last_contacted_at last_donated_at "
            "last_fundraised_at last_rule_violation_at unsubscribed_at "
        ),
        "RW date": "born_at registered_at",
        "RW integer": (
            "capital_amount_in_cents could_vote_status donations_amount_in_cents "
            "donations_amount_this_cycle_in_cents donations_count donations_count_this_cycle "
            "donations_pledged_amount_in_cents donations_raised_amount_in_cents "
            "donations_raised_amount_this_cycle_in_cents donations_raised_count "
            "donations_raised_count_this_cycle donations_to_raise_amount_in_cents "
            "inferred_support_level primary_email_id priority_level received_capital_amount_in_cents "
            "rule_violations_count signup_type spent_capital_amount_in_cents support_level "
            "warnings_count "
        ),
        "RW object": "custom_values",
        "RW boolean": (
            "do_not_call do_not_contact email1_is_bad email2_is_bad email3_is_bad email4_is_bad "
            "email_opt_in federal_donotcall is_deceased is_fundraiser is_ignore_donation_limits "
            "is_leaderboardable is_mobile_bad is_possible_duplicate is_profile_private "
            "is_profile_searchable is_prospect is_supporter is_survey_question_private is_volunteer "
            "mobile_opt_in party_member "
        ),
        "RO datetime": "created_at note_updated_at priority_level_changed_at support_level_changed_at updated_at",
        "RO boolean": "email1_is_bouncing email2_is_bouncing email3_is_bouncing email4_is_bouncing is_cpu is_donor",
        "RO string": "full_name profile_content_html",
        "WO object": (
            "billing_address_attributes home_address_attributes mailing_address_attributes "
            "registered_address_attributes user_submitted_address_attributes work_address_attributes "
        ),
        "XO object": (
            "billing_address home_address mailing_address primary_address registered_address "
            "user_submitted_address work_address "
        ),
        "XO string": "profile_image_url",
    },
    "signup_tags": {
        "RW string": "name",
        "RO boolean": "from_sharing_nation imported shared_with_nations",
        "RO integer": "taggings_count",
    },
    "signup_taggings": {
        "RW string": "signup_id tag_id",
        "RO datetime": "created_at",
    },
    "signup_profiles": {
        "RW string": "bio signup_id website",
    },
    "custom_fields": {
        "RO datetime": "created_at updated_at",
        "RO string": "field_type name resource_type slug",
        "RO object": "options",
        "RO integer": "position",
    },
    "contacts": {
        "RW string": ("author_id broadcaster_id contact_method contact_status content path_id path_step_id signup_id "),
        "RW integer": "pc_in_cents",
        "RO datetime": "created_at",
    },
    "donations": {
        "RW string": (
            "actblue_order_number check_number donation_tracking_code_id email employer first_name "
            "last_name mailing_id membership_id middle_name note occupation page_id payment_type_id "
            "payment_type_name pledge_id signup_id "
        ),
        "RW integer": "amount_in_cents",
        "RW datetime": "canceled_at failed_at pending_at succeeded_at",
        "RW object": "custom_values",
        "RW boolean": "is_corporate_contribution is_private",
        "RO string": "amount import_id payout_id status",
        "RO datetime": "created_at updated_at",
        "WO object": "billing_address_attributes work_address_attributes",
        "WO boolean": "send_donor_receipt",
        "XO object": "billing_address work_address",
    },
    "donation_tracking_codes": {
        "RW string": "name slug",
        "RO datetime": "created_at updated_at",
    },
    "pledges": {
        "RW integer": "amount_in_cents",
        "RW string": "author_id donation_tracking_code_id page_id recruiter_id signup_id",
        "RW boolean": "is_private",
        "RO string": "amount",
        "RO integer": "amount_left_in_cents",
        "RO datetime": "created_at updated_at",
    },
    "memberships": {
        "RW date": "expires_on",
        "RW integer": "grace_period_num_time_periods",
        "RW string": "grace_period_time_period_type membership_type_id signup_id status status_reason",
        "RW datetime": "started_at",
        "RO datetime": "created_at updated_at",
        "RO date": "suspended_at",
        "WO string": "activity_author_id",
        "WO boolean": "trigger_autoresponses",
    },
    "membership_types": {
        "RW string": "description expiration_warning_time_period_type grace_period_time_period_type name page_id",
        "RW integer": "expiration_warning_num_time_periods grace_period_num_time_periods",
        "RO datetime": "created_at updated_at",
    },
    "lists": {
        "RW string": "author_id description name parent_id signup_id slug",
        "RW boolean": "is_sharing_writable",
        "RO datetime": "created_at updated_at",
        "RO integer": "signups_count",
    },
    "paths": {
        "RW string": "default_due_date_interval default_point_person_id name",
        "RW decimal": "default_value_amount",
        "RW boolean": "due_date_is_enabled value_amount_is_enabled",
        "RO datetime": "created_at updated_at",
    },
    "path_steps": {
        "RW string": "default_due_date_interval default_point_person_id name path_id",
        "RW integer": "position",
        "RO datetime": "created_at updated_at",
    },
    "path_journeys": {
        "RW datetime": "current_step_due_date due_date",
        "RW string": "current_step_id current_step_point_person_id description path_id point_person_id signup_id",
        "RW decimal": "value_amount",
        "RO datetime": "created_at ended_at last_moved_at updated_at",
        "RO string": "journey_status path_journey_status_change_id",
    },
    "path_journey_status_changes": {
        "RW string": "name path_id target_status",
        "RO datetime": "created_at updated_at",
    },
    "path_histories": {
        "RO string": (
            "category current_step_point_person_id path_journey_id path_journey_status_change_id "
            "path_step_id point_person_id recruiter_id "
        ),
        "RO datetime": "created_at updated_at",
    },
    "events": {
        "RW boolean": (
            "accept_rsvps allow_guests contact_email_private contact_phone_private gather_volunteers "
            "private sends_auto_response show_guests uses_shifts uses_tickets "
        ),
        "RW integer": "additional_rsvps_count attending_count capacity_count duration user_ticket_price_in_cents",
        "RW string": (
            "auto_response_broadcaster_id auto_response_content auto_response_subject contact_email "
            "contact_name contact_phone_number content donation_tracking_code_id event_form_address "
            "event_form_phone point_person_id time_zone user_ticket_currency "
            "user_ticket_purchase_url venue_name "
        ),
        "RW datetime": "start_at",
        "RO string": "page_id",
        "WO object": "venue_address_attributes",
        "XO object": "venue_address",
    },
    "event_rsvps": {
        "RW integer": "amount_in_cents guests_count tickets_count",
        "RW boolean": "attendee canceled prepaid private volunteer",
        "RW string": "email event_id first_name last_name page_id",
        "RO datetime": "created_at updated_at",
        "WO object": (
            "billing_address_attributes home_address_attributes mailing_address_attributes "
            "registered_address_attributes user_submitted_address_attributes work_address_attributes "
        ),
        "WO string": "phone_number",
    },
    "event_ticket_levels": {
        "RW integer": "amount_in_cents limit number tickets_sold",
        "RW string": "description event_id name",
    },
    "petitions": {
        "RW integer": "additional_signatures_count goal",
        "RW string": (
            "auto_response_broadcaster_id auto_response_content auto_response_subject content intro "
            "page_id petition_form_address petition_form_phone signature_name "
        ),
        "RW boolean": "gather_volunteers is_auto_response",
    },
    "petition_signatures": {
        "RW string": "comment petition_id recruiter_id signup_id",
        "RW boolean": "is_private",
        "RO datetime": "created_at updated_at",
        "RO string": "page_id",
        "WO boolean": "trigger_autoresponses",
    },
    "pages": {
        "RW string": (
            "author_id excerpt external_id headline name page_type_name parent_id permission_level "
            "site_id slug status title "
        ),
        "RO string": "ancestors_permission_level effective_permission_level parent_slug url_path",
        "RO datetime": "published_at",
    },
    "sites": {
        "RO string": "domain name slug",
    },
    "surveys": {
        "RW string": "name",
        "RO datetime": "created_at updated_at",
    },
    "survey_questions": {
        "RW string": "content intro question_format slug status survey_id tag_list",
        "RW boolean": "is_randomized",
        "RO datetime": "created_at published_at updated_at",
        "RO integer": "position",
    },
    "survey_question_possible_responses": {
        "RW string": "name outro survey_question_id tag_list",
        "RW integer": "position",
        "RO datetime": "created_at updated_at",
    },
    "survey_question_responses": {
        "RW string": (
            "author_id content question_format signup_id survey_question_id survey_question_possible_response_id "
        ),
        "RO datetime": "created_at updated_at",
        "RO boolean": "is_skipped",
        "RO string": "page_id",
    },
    "suggestion_boxes": {
        "RW boolean": (
            "allow_image require_image send_auto_responses send_official_response_notifications "
            "send_response_notifications "
        ),
        "RW string": (
            "auto_response_broadcaster content external_id headline name "
            "official_response_notification_broadcaster point_person_id "
            "response_notification_broadcaster site_id slug status tag_list title "
        ),
        "RO datetime": "created_at updated_at",
        "RO string": "page_id",
    },
    "suggestions": {
        "RW string": (
            "content external_id headline official_response recruiter_id response_author_id slug "
            "status suggestion_box_id "
        ),
        "RW datetime": "responded_at",
        "RW integer": "response_type_id",
        "RO datetime": "created_at updated_at",
        "RO boolean": "has_image is_responded",
        "RO string": "page_id site_id",
        "WO boolean": "notify_followers",
    },
    "relationships": {
        "RW string": "first_signup_id relationship_type second_signup_id title",
        "RO datetime": "created_at updated_at",
    },
    "precincts": {
        "RW string": "code name point_person_id",
    },
    "voters": {
        "RW boolean": (
            "is_absentee_voter is_active_voter is_dropped_from_file is_early_voter is_permanent_absentee_voter "
        ),
        "RW string": "signup_id",
    },
    "elections": {
        "RW string": "country_code election_cycle election_period state",
        "RW integer": "donation_maximum_in_cents",
        "RW date": "election_at registration_ends_at",
        "RO datetime": "created_at updated_at",
        "RO string": "donation_maximum",
    },
    "ballots": {
        "RW date": "cast_at",
        "RW string": "election_id party vote_method voter_id",
    },
    "mailings": {
        "RO string": "broadcaster_id custom_list_id description from name preheader slug subject tag_list",
        "RO datetime": "canceled_at created_at published_at queued_at send_at updated_at",
        "XO string": "body_html body_html_parsed",
    },
    "broadcasters": {
        "RO string": (
            "call_type_id email emailer_tags name point_person_id signup_id text_point_person_id "
            "text_tags voicemail_point_person_id voicemail_tags "
        ),
        "RO datetime": "created_at updated_at",
        "RO boolean": (
            "emailers_need_followup is_bcc new_email_sender_marked_as_prospect receive_email "
            "text_needs_followup voicemail_needs_followup "
        ),
        "RO integer": "mailings_count received_calls_count text_blasts_count",
    },
    "imports": {
        "RO string": "content_head error_lines file_name status tag_list type",
        "RO datetime": "created_at finished_at started_at updated_at",
        "RO boolean": "is_overwritable",
        "RO integer": "lines_count rows_successful rows_unsuccessful rows_updated",
    },
    "automations": {
        "RW string": "description name",
        "RO datetime": "created_at paused_at",
        "RO string": "status",
        "XO integer": (
            "completed_enrollments_count converted_enrollments_count removed_enrollments_count total_enrollments_count "
        ),
        "XO boolean": "conversions_enabled",
    },
    "automation_enrollments": {
        "RW string": "automation_id campaign_source campaign_url signup_id",
        "RO integer": "automation_step_number",
        "RO datetime": "created_at excluded_at next_execution",
    },
}
NOT_NULL = {
    "signups": "signup_type",
    "signup_taggings": "signup_id tag_id",
    "signup_profiles": "signup_id",
    "custom_fields": "created_at updated_at",
    "contacts": "pc_in_cents",
    "memberships": "membership_type_id signup_id created_at updated_at",
    "membership_types": "created_at updated_at",
    "paths": "created_at updated_at",
    "path_steps": "created_at updated_at",
    "path_journeys": "created_at updated_at",
    "path_journey_status_changes": "name path_id target_status created_at updated_at",
    "path_histories": "created_at updated_at",
    "events": "accept_rsvps",
    "event_ticket_levels": "limit",
    "pages": ("name page_type_name permission_level site_id slug status title effective_permission_level url_path "),
    "survey_questions": "is_randomized",
    "suggestion_boxes": (
        "allow_image name require_image send_auto_responses send_official_response_notifications "
        "send_response_notifications site_id slug status title created_at page_id updated_at "
    ),
    "suggestions": (
        "headline slug status suggestion_box_id created_at has_image is_responded page_id site_id updated_at "
    ),
    "relationships": "first_signup_id relationship_type second_signup_id created_at updated_at",
    "voters": (
        "is_absentee_voter is_active_voter is_dropped_from_file is_early_voter is_permanent_absentee_voter signup_id "
    ),
    "ballots": "election_id voter_id",
    "broadcasters": "emailers_need_followup receive_email",
    "automations": "created_at",
    "automation_enrollments": "automation_id signup_id",
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "signups": {
        "capital_amount_in_cents": 0,
        "do_not_call": False,
        "do_not_contact": False,
        "donations_amount_in_cents": 0,
        "donations_amount_this_cycle_in_cents": 0,
        "donations_count": 0,
        "donations_count_this_cycle": 0,
        "donations_pledged_amount_in_cents": 0,
        "donations_raised_amount_in_cents": 0,
        "donations_raised_amount_this_cycle_in_cents": 0,
        "donations_raised_count": 0,
        "donations_raised_count_this_cycle": 0,
        "donations_to_raise_amount_in_cents": 0,
        "email1_is_bad": False,
        "email2_is_bad": False,
        "email3_is_bad": False,
        "email4_is_bad": False,
        "email_opt_in": True,
        "federal_donotcall": False,
        "is_deceased": False,
        "is_fundraiser": False,
        "is_ignore_donation_limits": False,
        "is_leaderboardable": True,
        "is_mobile_bad": False,
        "is_possible_duplicate": False,
        "is_profile_private": False,
        "is_profile_searchable": True,
        "is_prospect": False,
        "is_supporter": True,
        "is_survey_question_private": False,
        "is_volunteer": False,
        "mobile_opt_in": True,
        "primary_email_id": 1,
        "received_capital_amount_in_cents": 0,
        "rule_violations_count": 0,
        "signup_type": 0,
        "spent_capital_amount_in_cents": 0,
        "warnings_count": 0,
    },
    "signup_tags": {"name": "", "taggings_count": 0},
    "contacts": {"pc_in_cents": 0},
    "donations": {
        "amount_in_cents": 0,
        "is_corporate_contribution": False,
        "is_private": False,
        "send_donor_receipt": False,
    },
    "pledges": {"amount_in_cents": 0, "is_private": False, "amount_left_in_cents": 0},
    "memberships": {"trigger_autoresponses": False},
    "membership_types": {
        "expiration_warning_num_time_periods": 7,
        "expiration_warning_time_period_type": "days",
        "grace_period_num_time_periods": 7,
        "grace_period_time_period_type": "days",
    },
    "lists": {"is_sharing_writable": False},
    "paths": {"due_date_is_enabled": False, "value_amount_is_enabled": False},
    "path_journeys": {"journey_status": "active"},
    "events": {"sends_auto_response": True},
    "petitions": {"additional_signatures_count": 0, "goal": 0, "is_auto_response": True},
    "petition_signatures": {"is_private": False, "trigger_autoresponses": False},
    "survey_questions": {"is_randomized": True, "question_format": "multiple_choice", "position": 0},
    "survey_question_responses": {"question_format": "multiple_choice"},
    "voters": {
        "is_absentee_voter": False,
        "is_active_voter": False,
        "is_dropped_from_file": False,
        "is_early_voter": False,
        "is_permanent_absentee_voter": False,
    },
    "elections": {"donation_maximum_in_cents": 0, "election_period": "unknown"},
    "broadcasters": {
        "emailers_need_followup": False,
        "is_bcc": False,
        "mailings_count": 0,
        "new_email_sender_marked_as_prospect": False,
        "receive_email": False,
        "received_calls_count": 0,
        "text_blasts_count": 0,
    },
    "imports": {"is_overwritable": False},
    "automations": {"status": "drafted"},
    "automation_enrollments": {"automation_step_number": 0},
}
INCLUDES = {
    "signups": (
        "author last_contacted_by memberships page parent path_journeys petition_signatures precinct "
        "recruiter signup_profile signup_tags taggings voter "
    ),
    "signup_tags": "signups taggings",
    "signup_taggings": "signup tag",
    "signup_profiles": "signup",
    "custom_fields": "",
    "contacts": "author signup",
    "donations": ("author donation_tracking_code import mailing membership page payment_type pledge recruiter signup "),
    "donation_tracking_codes": "donations",
    "pledges": "author donation_tracking_code page recruiter signup",
    "memberships": "donations membership_type signup",
    "membership_types": "memberships page",
    "lists": "author lists mailings parent signup",
    "paths": "default_point_person path_journey_status_changes path_journeys path_steps",
    "path_steps": "default_point_person path",
    "path_journeys": (
        "current_step current_step_point_person path path_histories path_journey_status_change point_person signup "
    ),
    "path_journey_status_changes": "path path_histories path_journeys",
    "path_histories": "current_step_point_person path_journey path_journey_status_change point_person recruiter",
    "events": "auto_response_broadcaster event_ticket_levels page point_person rsvps tracking_code",
    "event_rsvps": "author event event_ticket_level recruiter signup",
    "event_ticket_levels": "event event_rsvps",
    "petitions": "page petition_signatures",
    "petition_signatures": "page petition recruiter signup",
    "pages": "membership_types parent site",
    "sites": "",
    "surveys": "survey_questions",
    "survey_questions": "author survey survey_question_possible_responses survey_question_responses",
    "survey_question_possible_responses": "survey_question survey_question_responses",
    "survey_question_responses": "author page signup survey_question survey_question_possible_response",
    "suggestion_boxes": "page point_person suggestions",
    "suggestions": "answer_author page recruiter",
    "relationships": "first_signup second_signup",
    "precincts": "point_person signups",
    "voters": "ballots signup",
    "elections": "ballots",
    "ballots": "election voter",
    "mailings": "author",
    "broadcasters": "mailings point_person signups text_point_person voicemail_point_person",
    "imports": "author point_person signups terminator",
    "automations": "enrollments",
    "automation_enrollments": "automation signup",
}
VALUES: dict[str, dict[str, list[Any]]] = {
    "signups": {
        "contact_status": [
            "other",
            "answered",
            "bad_info",
            "left_message",
            "meaningful_interaction",
            "send_information",
            "not_interested",
            "no_answer",
            "refused",
            "inaccessible",
        ],
        "primary_email_id": [1, 2, 3, 4],
    },
    "contacts": {
        "contact_status": [
            "other",
            "answered",
            "bad_info",
            "left_message",
            "meaningful_interaction",
            "send_information",
            "not_interested",
            "no_answer",
            "refused",
            "inaccessible",
        ],
        "contact_method": [
            "delivery",
            "door_knock",
            "email",
            "email_blast",
            "face_to_face",
            "facebook",
            "meeting",
            "phone_call",
            "robocall",
            "snail_mail",
            "text",
            "text_1to1",
            "text_blast",
            "tweet",
            "video_call",
            "webinar",
            "linkedin",
            "other",
        ],
    },
    "donations": {"status": ["succeeded", "pending", "failed", "canceled"]},
    "memberships": {
        "grace_period_time_period_type": ["days", "weeks", "months", "years"],
        "status": ["active", "canceled", "expired", "grace period"],
    },
    "membership_types": {
        "expiration_warning_time_period_type": ["days", "weeks", "months", "years"],
        "grace_period_time_period_type": ["days", "weeks", "months", "years"],
    },
    "paths": {
        "default_due_date_interval": [
            "none",
            "same_day",
            "one_day",
            "two_day",
            "three_day",
            "four_day",
            "five_day",
            "six_day",
            "one_week",
            "two_week",
            "thirty_day",
            "two_month",
            "three_month",
            "six_month",
            "one_year",
        ]
    },
    "path_steps": {
        "default_due_date_interval": [
            "none",
            "same_day",
            "one_day",
            "two_day",
            "three_day",
            "four_day",
            "five_day",
            "six_day",
            "one_week",
            "two_week",
            "thirty_day",
            "two_month",
            "three_month",
            "six_month",
            "one_year",
        ]
    },
    "path_journeys": {"journey_status": ["active", "completed", "abandoned", "deleted"]},
    "path_journey_status_changes": {"target_status": ["abandoned", "completed"]},
    "path_histories": {
        "category": [
            "step_change",
            "completion",
            "abandonment",
            "new_point_person",
            "new_current_step_point_person",
            "voiding",
            "reactivation",
        ]
    },
    "events": {
        "event_form_address": ["required", "optional", "hidden"],
        "event_form_phone": ["required", "optional", "hidden"],
        "time_zone": [
            "International Date Line West",
            "American Samoa",
            "Midway Island",
            "Hawaii",
            "Alaska",
            "Pacific Time (US & Canada)",
            "Tijuana",
            "Arizona",
            "Mazatlan",
            "Mountain Time (US & Canada)",
            "Central America",
            "Central Time (US & Canada)",
            "Chihuahua",
            "Guadalajara",
            "Mexico City",
            "Monterrey",
            "Saskatchewan",
            "Bogota",
            "Eastern Time (US & Canada)",
            "Indiana (East)",
            "Lima",
            "Quito",
            "Atlantic Time (Canada)",
            "Caracas",
            "Georgetown",
            "La Paz",
            "Puerto Rico",
            "Santiago",
            "Newfoundland",
            "Brasilia",
            "Buenos Aires",
            "Montevideo",
            "Greenland",
            "Mid-Atlantic",
            "Azores",
            "Cape Verde Is.",
            "Edinburgh",
            "Lisbon",
            "London",
            "Monrovia",
            "UTC",
            "Amsterdam",
            "Belgrade",
            "Berlin",
            "Bern",
            "Bratislava",
            "Brussels",
            "Budapest",
            "Casablanca",
            "Copenhagen",
            "Dublin",
            "Ljubljana",
            "Madrid",
            "Paris",
            "Prague",
            "Rome",
            "Sarajevo",
            "Skopje",
            "Stockholm",
            "Vienna",
            "Warsaw",
            "West Central Africa",
            "Zagreb",
            "Zurich",
            "Athens",
            "Bucharest",
            "Cairo",
            "Harare",
            "Helsinki",
            "Jerusalem",
            "Kaliningrad",
            "Kyiv",
            "Pretoria",
            "Riga",
            "Sofia",
            "Tallinn",
            "Vilnius",
            "Baghdad",
            "Istanbul",
            "Kuwait",
            "Minsk",
            "Moscow",
            "Nairobi",
            "Riyadh",
            "St. Petersburg",
            "Volgograd",
            "Tehran",
            "Abu Dhabi",
            "Baku",
            "Muscat",
            "Samara",
            "Tbilisi",
            "Yerevan",
            "Kabul",
            "Almaty",
            "Astana",
            "Ekaterinburg",
            "Islamabad",
            "Karachi",
            "Tashkent",
            "Chennai",
            "Kolkata",
            "Mumbai",
            "New Delhi",
            "Sri Jayawardenepura",
            "Kathmandu",
            "Dhaka",
            "Urumqi",
            "Rangoon",
            "Bangkok",
            "Hanoi",
            "Jakarta",
            "Krasnoyarsk",
            "Novosibirsk",
            "Beijing",
            "Chongqing",
            "Hong Kong",
            "Irkutsk",
            "Kuala Lumpur",
            "Perth",
            "Singapore",
            "Taipei",
            "Ulaanbaatar",
            "Osaka",
            "Sapporo",
            "Seoul",
            "Tokyo",
            "Yakutsk",
            "Adelaide",
            "Darwin",
            "Brisbane",
            "Canberra",
            "Guam",
            "Hobart",
            "Melbourne",
            "Port Moresby",
            "Sydney",
            "Vladivostok",
            "Magadan",
            "New Caledonia",
            "Solomon Is.",
            "Srednekolymsk",
            "Auckland",
            "Fiji",
            "Kamchatka",
            "Marshall Is.",
            "Wellington",
            "Chatham Is.",
            "Nuku'alofa",
            "Samoa",
            "Tokelau Is.",
            "Pacific/Pitcairn",
            "Pacific/Gambier",
            "Pacific/Marquesas",
            "America/Adak",
            "Antarctica/Troll",
            "Australia/Eucla",
            "Australia/Lord_Howe",
            "Pacific/Kiritimati",
            "Canada/Yukon",
        ],
    },
    "petitions": {
        "petition_form_address": ["required", "optional", "hidden"],
        "petition_form_phone": ["required", "optional", "hidden"],
    },
    "pages": {
        "page_type_name": ["Basic"],
        "permission_level": ["anyone", "logged_in", "members", "control_panel_users", "admins"],
        "status": ["archived", "deleted", "expired", "hidden", "published", "rule_violated", "unlisted"],
    },
    "survey_questions": {
        "question_format": ["multiple_choice", "yes_no", "text"],
        "status": ["archived", "deleted", "expired", "hidden", "published", "rule_violated", "unlisted"],
    },
    "survey_question_responses": {"question_format": ["multiple_choice", "yes_no", "text"]},
    "suggestion_boxes": {
        "status": ["archived", "deleted", "expired", "hidden", "published", "rule_violated", "unlisted"]
    },
    "suggestions": {"status": ["archived", "deleted", "expired", "hidden", "published", "rule_violated", "unlisted"]},
    "relationships": {
        "relationship_type": [
            "affiliate-affiliate",
            "alum-school",
            "assistant-assisted",
            "board_member-organization",
            "candidate-committee",
            "chapter-parent",
            "child-parent",
            "consultant-organization",
            "employee-employer",
            "family_partner-family_partner",
            "friend-friend",
            "member-organization",
            "mentee-mentor",
            "partner-partner",
            "primary_contact-organization",
            "relative-relative",
            "representative-constituent",
            "resident-organization",
            "sibling-sibling",
            "spouse-spouse",
            "student-school",
            "student-teacher",
            "subordinate-manager",
            "subsidiary-parent",
            "treasurer-committee",
        ]
    },
    "elections": {
        "election_period": [
            "primary",
            "general",
            "special",
            "recount",
            "runoff",
            "convention",
            "other",
            "unknown",
            "presidential_primary",
            "previous_campaign",
        ]
    },
    "ballots": {"vote_method": ["voted", "absentee", "early"]},
    "imports": {"status": ["finished", "unprocessable", "queueing", "in_progress"]},
    "automations": {"status": ["drafted", "running", "on_hold", "archived", "ended"]},
}
SAMPLES: dict[str, dict[str, Any]] = {
    "signups": {
        "first_name": "Lucy",
        "last_name": "Butler",
        "full_name": "Lucy Octavia Butler",
        "email": "test@example.com",
        "email1": "example@example.com",
        "email1_is_bad": False,
        "primary_email_id": 1,
        "email_opt_in": False,
        "mobile_number": "1234567890",
        "mobile_opt_in": False,
        "phone_number": "1234567890",
        "born_at": "1990-08-06",
        "signup_type": 1,
        "support_level": 1,
        "party": "P",
        "is_volunteer": False,
        "external_id": "1",
        "recruiter_id": "1",
        "note": "Good talk",
        "donations_amount_in_cents": 500,
        "custom_values": {
            "custom_text": "Text Value",
            "custom_number": "22",
            "custom_checkbox": True,
            "custom_multi": "Some multiple choice option",
        },
        "unsubscribed_at": "2019-10-26T10:00:00-04:00",
        "created_at": "2019-10-26T10:00:00-04:00",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "signup_tags": {
        "name": "tag_name",
        "from_sharing_nation": False,
        "imported": False,
        "shared_with_nations": False,
        "taggings_count": 0,
    },
    "signup_taggings": {"signup_id": "1", "tag_id": "1", "created_at": "2019-10-26T10:00:00-04:00"},
    "signup_profiles": {"bio": "My bio", "signup_id": "1", "website": "https://www.website.com"},
    "custom_fields": {
        "created_at": "2019-10-26T10:00:00-04:00",
        "field_type": "multiple_choice",
        "name": "My Custom Field",
        "options": {"1": "option1", "2": "option2", "3": "option3"},
        "position": 2,
        "resource_type": "Signup",
        "slug": "my_custom_field",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "contacts": {
        "author_id": "1",
        "broadcaster_id": "1",
        "contact_method": "email",
        "contact_status": "answered",
        "content": "They do not support the cause",
        "path_id": "1",
        "path_step_id": "1",
        "pc_in_cents": 1,
        "signup_id": "1",
        "created_at": "2019-10-26T10:00:00-04:00",
    },
    "donations": {
        "actblue_order_number": "123abc",
        "amount_in_cents": 500,
        "canceled_at": "2019-10-26T10:00:00-04:00",
        "check_number": "1001",
        "custom_values": {
            "custom_text": "Text Value",
            "custom_number": "22",
            "custom_checkbox": True,
            "custom_multi": "Some multiple choice option",
        },
        "donation_tracking_code_id": "1",
        "email": "donor@example.com",
        "employer": "Wild Horse Co.",
        "failed_at": "2019-10-26T10:00:00-04:00",
        "first_name": "Lucy",
        "is_corporate_contribution": False,
        "is_private": False,
        "last_name": "Butler",
        "mailing_id": "1",
        "membership_id": "1",
        "middle_name": "Octavia",
        "note": "Dedicated to Lucy",
        "occupation": "Postal Carrier",
        "page_id": "1",
        "payment_type_id": "1",
        "payment_type_name": "Cash",
        "pending_at": "2019-10-26T10:00:00-04:00",
        "pledge_id": "1",
        "signup_id": "1",
        "succeeded_at": "2019-10-26T10:00:00-04:00",
        "amount": "5.00",
        "created_at": "2019-10-26T10:00:00-04:00",
        "import_id": "1",
        "payout_id": "po_abc123",
        "status": "succeeded",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "donation_tracking_codes": {
        "name": "Summer Banquet 2022",
        "slug": "summer_banquet_2022",
        "created_at": "2019-10-26T10:00:00-04:00",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "pledges": {
        "amount_in_cents": 500,
        "author_id": "1",
        "donation_tracking_code_id": "1",
        "is_private": False,
        "page_id": "1",
        "recruiter_id": "1",
        "signup_id": "1",
        "amount": "5.00",
        "amount_left_in_cents": 300,
        "created_at": "2019-10-26T10:00:00-04:00",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "memberships": {
        "expires_on": "2024-10-04",
        "grace_period_num_time_periods": 7,
        "grace_period_time_period_type": "days",
        "membership_type_id": "1",
        "signup_id": "1",
        "started_at": "2019-10-26T10:00:00-04:00",
        "status": "active",
        "status_reason": "Does not want to pay anymore",
        "created_at": "2019-10-26T10:00:00-04:00",
        "suspended_at": "2022-10-11",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "membership_types": {
        "description": "Sustaining members keep…",
        "expiration_warning_num_time_periods": 7,
        "expiration_warning_time_period_type": "days",
        "grace_period_num_time_periods": 3,
        "grace_period_time_period_type": "days",
        "name": "Sustainer",
        "page_id": "1",
        "created_at": "2019-10-26T10:00:00-04:00",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "lists": {
        "author_id": "1",
        "description": "All supporters that have…",
        "is_sharing_writable": False,
        "name": "Contacted Supporters",
        "parent_id": "1",
        "signup_id": "1",
        "slug": "contacted_supporters",
        "created_at": "2019-10-26T10:00:00-04:00",
        "signups_count": 372,
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "paths": {
        "default_due_date_interval": "none",
        "default_point_person_id": "1",
        "default_value_amount": "3.50",
        "due_date_is_enabled": False,
        "name": "Attend a fundraiser",
        "value_amount_is_enabled": False,
        "created_at": "2019-10-26T10:00:00-04:00",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "path_steps": {
        "default_due_date_interval": "none",
        "default_point_person_id": "1",
        "name": "Attend a fundraiser",
        "path_id": "1",
        "position": 1,
        "created_at": "2019-10-26T10:00:00-04:00",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "path_journeys": {
        "current_step_due_date": "2019-10-26T10:00:00-04:00",
        "current_step_id": "1",
        "current_step_point_person_id": "1",
        "description": "Added by API",
        "due_date": "2019-10-26T10:00:00-04:00",
        "path_id": "1",
        "point_person_id": "1",
        "signup_id": "1",
        "value_amount": "5.00",
        "created_at": "2019-10-26T10:00:00-04:00",
        "ended_at": "2019-10-26T10:00:00-04:00",
        "journey_status": "active",
        "last_moved_at": "2019-10-26T10:00:00-04:00",
        "path_journey_status_change_id": "1",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "path_journey_status_changes": {
        "name": "Decided to quit",
        "path_id": "1",
        "target_status": "completed",
        "created_at": "2019-10-26T10:00:00-04:00",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "path_histories": {
        "category": "step_change",
        "created_at": "2019-10-26T10:00:00-04:00",
        "current_step_point_person_id": "1",
        "path_journey_id": "1",
        "path_journey_status_change_id": "1",
        "path_step_id": "1",
        "point_person_id": "1",
        "recruiter_id": "1",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "events": {
        "accept_rsvps": False,
        "additional_rsvps_count": 20,
        "allow_guests": False,
        "attending_count": 100,
        "auto_response_broadcaster_id": "1",
        "auto_response_content": "Content of autoresponse",
        "auto_response_subject": "Subject of autoresponse",
        "capacity_count": 200,
        "contact_email": "person@example.com",
        "contact_email_private": False,
        "contact_name": "Pat Example",
        "contact_phone_number": "5555555555",
        "contact_phone_private": False,
        "content": "Event description",
        "donation_tracking_code_id": "1",
        "duration": 3600,
        "event_form_address": "required",
        "event_form_phone": "required",
        "gather_volunteers": False,
        "point_person_id": "1",
        "private": False,
        "sends_auto_response": False,
        "show_guests": False,
        "start_at": "2019-10-26T10:00:00-04:00",
        "time_zone": "Eastern Time (US & Canada)",
        "user_ticket_currency": "USD",
        "user_ticket_price_in_cents": 400,
        "user_ticket_purchase_url": "https://www.example.com",
        "uses_shifts": False,
        "uses_tickets": False,
        "venue_name": "Event Center",
        "page_id": "1",
    },
    "event_rsvps": {
        "amount_in_cents": 350,
        "attendee": False,
        "canceled": False,
        "email": "rsvp@example.com",
        "event_id": "1",
        "first_name": "Lucille",
        "guests_count": 19,
        "last_name": "Ball",
        "page_id": "1",
        "prepaid": False,
        "private": False,
        "tickets_count": 45,
        "volunteer": False,
        "created_at": "2019-10-26T10:00:00-04:00",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "event_ticket_levels": {
        "amount_in_cents": 10000,
        "description": "VIP tickets get exclusiv…",
        "event_id": "1",
        "limit": 100,
        "name": "VIP",
        "number": 2,
        "tickets_sold": 53,
    },
    "petitions": {
        "additional_signatures_count": 10,
        "auto_response_broadcaster_id": "1",
        "auto_response_content": "Auto response content",
        "auto_response_subject": "Auto response subject",
        "content": "Petition content",
        "gather_volunteers": False,
        "goal": 5,
        "intro": "Petition intro",
        "is_auto_response": False,
        "page_id": "1",
        "petition_form_address": "required",
        "petition_form_phone": "optional",
        "signature_name": "endorsement",
    },
    "petition_signatures": {
        "comment": "I agree",
        "is_private": False,
        "petition_id": "1",
        "recruiter_id": "1",
        "signup_id": "1",
        "created_at": "2019-10-26T10:00:00-04:00",
        "page_id": "1",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "pages": {
        "author_id": "1",
        "excerpt": "Page excerpt...",
        "external_id": "abc",
        "headline": "Page headline",
        "name": "Page Name",
        "page_type_name": "Basic",
        "parent_id": "1",
        "permission_level": "anyone",
        "site_id": "1",
        "slug": "your-slug",
        "status": "unlisted",
        "title": "Page Title",
        "ancestors_permission_level": "members",
        "effective_permission_level": "control_panel_users",
        "parent_slug": "blog",
        "published_at": "2019-10-26T10:00:00-04:00",
        "url_path": "/your-slug",
    },
    "sites": {"domain": "example-site.com", "name": "My Website", "slug": "example-slug"},
    "surveys": {
        "name": "Survey Name",
        "created_at": "2019-10-26T10:00:00-04:00",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "survey_questions": {
        "content": "What is your favorite food?",
        "intro": "Please answer some quest…",
        "is_randomized": False,
        "question_format": "multiple_choice",
        "slug": "question_about_food",
        "status": "published",
        "survey_id": "1",
        "tag_list": "comma,separated,tag-list",
        "created_at": "2019-10-26T10:00:00-04:00",
        "position": 0,
        "published_at": "2019-10-26T10:00:00-04:00",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "survey_question_possible_responses": {
        "name": "A possible response to a question",
        "outro": "In the UI, a message to…",
        "position": 1,
        "survey_question_id": "1",
        "tag_list": "comma,separated,tag,list",
        "created_at": "2019-10-26T10:00:00-04:00",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "survey_question_responses": {
        "author_id": "1",
        "content": "Open ended question answer",
        "question_format": "multiple_choice",
        "signup_id": "1",
        "survey_question_id": "1",
        "survey_question_possible_response_id": "1",
        "created_at": "2019-10-26T10:00:00-04:00",
        "is_skipped": False,
        "page_id": "1",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "suggestion_boxes": {
        "allow_image": True,
        "auto_response_broadcaster": "1",
        "content": "Share your ideas for imp…",
        "external_id": "ext-123",
        "headline": "Community Ideas",
        "name": "Community Ideas",
        "official_response_notification_broadcaster": "1",
        "point_person_id": "1",
        "require_image": False,
        "response_notification_broadcaster": "1",
        "send_auto_responses": True,
        "send_official_response_notifications": True,
        "send_response_notifications": True,
        "site_id": "123",
        "slug": "my-page-slug",
        "status": "published",
        "tag_list": "Good, Bad, Important, Ea…",
        "title": "Community Ideas - My Site",
        "created_at": "2019-10-26T10:00:00-04:00",
        "page_id": "1",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "suggestions": {
        "content": "We should add more parki…",
        "external_id": "ext-123",
        "headline": "Downtown Parking Improvement",
        "official_response": "Thank you for this sugge…",
        "recruiter_id": "1",
        "responded_at": "2019-10-26T10:00:00-04:00",
        "response_author_id": "1",
        "response_type_id": 2,
        "slug": "my-page-slug",
        "status": "published",
        "suggestion_box_id": "123",
        "created_at": "2019-10-26T10:00:00-04:00",
        "has_image": False,
        "is_responded": False,
        "page_id": "1",
        "site_id": "123",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "relationships": {
        "first_signup_id": "1",
        "relationship_type": "member-organization",
        "second_signup_id": "2",
        "title": "Executive Assistant",
        "created_at": "2019-10-26T10:00:00-04:00",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "precincts": {"code": "123", "name": "abc", "point_person_id": "1"},
    "voters": {
        "is_absentee_voter": False,
        "is_active_voter": False,
        "is_dropped_from_file": False,
        "is_early_voter": False,
        "is_permanent_absentee_voter": False,
        "signup_id": "1",
    },
    "elections": {
        "country_code": "US",
        "donation_maximum_in_cents": 500,
        "election_at": "2022-11-08",
        "election_cycle": "2022",
        "election_period": "primary",
        "registration_ends_at": "2022-10-15",
        "state": "NY",
        "created_at": "2019-10-26T10:00:00-04:00",
        "donation_maximum": "5.00",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "ballots": {
        "cast_at": "2022-03-25",
        "election_id": "1",
        "party": "green",
        "vote_method": "absentee",
        "voter_id": "1",
    },
    "mailings": {
        "broadcaster_id": "1",
        "canceled_at": "2019-10-26T10:00:00-04:00",
        "created_at": "2019-10-26T10:00:00-04:00",
        "custom_list_id": "1",
        "description": "Welcome EMail",
        "from": "Broadcaster Name",
        "name": "Welcome Email",
        "preheader": "You signed up!",
        "published_at": "2019-10-26T10:00:00-04:00",
        "queued_at": "2019-10-26T10:00:00-04:00",
        "send_at": "2019-10-26T10:00:00-04:00",
        "slug": "acme",
        "subject": "Welcome to our community",
        "tag_list": "new-signups",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "broadcasters": {
        "call_type_id": "1",
        "created_at": "2019-10-26T10:00:00-04:00",
        "email": "test@example.com",
        "emailer_tags": "interested",
        "emailers_need_followup": True,
        "is_bcc": False,
        "mailings_count": 0,
        "name": "Lucy Butler",
        "new_email_sender_marked_as_prospect": True,
        "point_person_id": "1",
        "receive_email": True,
        "received_calls_count": 0,
        "signup_id": "1",
        "text_blasts_count": 0,
        "text_needs_followup": True,
        "text_point_person_id": "1",
        "text_tags": "text-tagged",
        "updated_at": "2019-10-26T10:00:00-04:00",
        "voicemail_needs_followup": True,
        "voicemail_point_person_id": "1",
        "voicemail_tags": "voicemail-tagged",
    },
    "imports": {
        "content_head": "id, first_name, last_nam…",
        "created_at": "2019-10-26T10:00:00-04:00",
        "error_lines": "error: Joe Bloggs,Amount…",
        "file_name": "DonationsImport.csv",
        "finished_at": "2019-10-26T10:00:00-04:00",
        "is_overwritable": False,
        "lines_count": 1,
        "rows_successful": 1,
        "rows_unsuccessful": 1,
        "rows_updated": 1,
        "started_at": "2019-10-26T10:00:00-04:00",
        "status": "in_progress",
        "tag_list": "donations-last-week",
        "type": "People",
        "updated_at": "2019-10-26T10:00:00-04:00",
    },
    "automations": {
        "description": "Send automated emails du…",
        "name": "Auto-Email Automation",
        "created_at": "2019-10-26T10:00:00-04:00",
        "paused_at": "2019-10-26T10:00:00-04:00",
        "status": "drafted",
    },
    "automation_enrollments": {
        "automation_id": "1",
        "campaign_source": "Campaign Source",
        "campaign_url": "https://www.example.com",
        "signup_id": "1",
        "automation_step_number": 1,
        "created_at": "2019-10-26T10:00:00-04:00",
        "excluded_at": "2019-10-26T10:00:00-04:00",
        "next_execution": "2019-10-26T10:00:00-04:00",
    },
}

READ_ONLY = {"custom_fields", "path_histories", "sites", "mailings", "broadcasters", "imports"}
NO_UPDATE = READ_ONLY | {"signup_taggings", "automation_enrollments"}

ADDRESS = {
    "address1": "1 Main St",
    "address2": "Flat 2",
    "address3": None,
    "city": "Springfield",
    "state": "NY",
    "zip": "10001",
    "county": "Kings",
    "country_code": "US",
    "lat": "40.7",
    "lng": "-74.0",
    "fips": "36047",
    "submitted_address": "1 Main St, Springfield NY",
    "phone_number": "5550100",
    "work_phone": None,
}
ADDRESS_KEYS = {
    *("address1", "address2", "address3", "city", "state", "zip", "county", "country_code", "lat", "lng", "fips"),
    *("submitted_address", "distance", "import_id", "phone_number", "phone_country_code", "work_phone"),
    "work_phone_number",
}


class Nation:
    """An account over HTTP; every answer is looked at as it came."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update(
            {"Accept": JSON_API, "Content-Type": JSON_API, "Authorization": f"Bearer {account.key}"}
        )

    def call(self, method: str, path: str, status: int = 200, body: Any = None, /, **params: Any) -> Any:
        response = self.session.request(method, self.account.url + path, json=body, params=params, timeout=20)
        assert response.status_code == status, response.text
        return response.json()

    def write(self, kind: str, attributes: dict[str, Any], key: str | None = None, status: int = 0) -> Any:
        data: dict[str, Any] = {"type": kind, "attributes": attributes} | ({"id": key} if key else {})
        path = f"/{kind}/{key}" if key else f"/{kind}"
        return self.call("PATCH" if key else "POST", path, status or (200 if key else 201), {"data": data})


def names(kind: str, *accesses: str) -> dict[str, str]:
    """The attributes of these accesses and their types."""
    return {
        name: entry.split()[1]
        for entry, listed in TABLES[kind].items()
        if entry.split()[0] in accesses
        for name in listed.split()
    }


def all_rows(nation: Nation, kind: str, **params: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number in range(1, 1000):
        page = nation.call("GET", f"/{kind}", **{"page[size]": 100, "page[number]": number, **params})["data"]
        rows += page
        if not page:
            break
    return rows


FORMS = {"datetime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-0[45]:00", "date": r"\d{4}-\d\d-\d\d", "decimal": r"\d+\.\d\d"}
PYTHON: dict[str, Any] = {"string": str, "boolean": bool, "integer": int, "object": dict, **dict.fromkeys(FORMS, str)}


def is_of(kind: str, name: str, value: Any) -> bool:
    """Whether a value is of a type of the table."""
    if not isinstance(value, PYTHON[kind]) or (kind == "integer" and isinstance(value, bool)):
        return False
    if kind == "object" and name.endswith("_address"):
        return bool(value.keys() == ADDRESS_KEYS)
    return kind not in FORMS or bool(re.fullmatch(FORMS[kind], value))


@pytest.fixture(scope="module")
def seeded(sandbox: Sandbox) -> Iterator[Nation]:
    nation = Nation(sandbox.account("nationbuilder", size=120))
    yield nation
    nation.session.close()


@pytest.fixture(scope="module")
def fresh(sandbox: Sandbox) -> Iterator[Nation]:
    nation = Nation(sandbox.account("nationbuilder"))
    yield nation
    nation.session.close()


def test_the_tables_are_whole() -> None:
    assert len(TABLES) == 40
    assert sum(len(listed.split()) for table in TABLES.values() for listed in table.values()) == 588
    assert SAMPLES.keys() == INCLUDES.keys() == TABLES.keys()


@pytest.mark.parametrize("kind", TABLES)
def test_seeded_records_have_the_documented_attributes(seeded: Nation, kind: str) -> None:
    extra = names(kind, "XO")
    rows = all_rows(seeded, kind, **({f"extra_fields[{kind}]": ",".join(extra)} if extra else {}))
    assert rows
    assert len(rows) == seeded.account.counters()["resources"][kind]
    types = names(kind, "RW", "RO", "XO")
    for row in rows:
        assert row.keys() == {"id", "type", "attributes", "relationships"}
        assert row["id"].isdecimal()
        assert row["type"] == kind
        assert row["attributes"].keys() == types.keys()
        for name, value in row["attributes"].items():
            if value is None:
                assert name not in NOT_NULL.get(kind, "").split()
            else:
                assert is_of(types[name], name, value), (name, value)
                allowed = (
                    VALUES.get(kind, {}).get(name) if name != "page_type_name" else None
                )  # others are made elsewhere
                assert not allowed or value in allowed, (name, value)
        included = {"signup_nations"} if kind == "signups" else set()
        assert row["relationships"].keys() == {*INCLUDES[kind].split(), *included}


@pytest.mark.parametrize("kind", TABLES)
def test_extra_fields_come_when_asked_for(seeded: Nation, kind: str) -> None:
    [row] = seeded.call("GET", f"/{kind}", **{"page[size]": 1})["data"]
    assert row["attributes"].keys() == names(kind, "RW", "RO").keys()


@pytest.mark.parametrize("kind", TABLES)
def test_the_vendors_example_is_served_as_it_is(fresh: Nation, kind: str) -> None:
    [stored] = fresh.account.insert(kind, [{"id": "4711", "type": kind, "attributes": SAMPLES[kind]}])
    if kind == "sites":
        [served] = fresh.call("GET", "/sites", **{"filter[id]": "4711"})["data"]
    else:
        served = fresh.call("GET", f"/{kind}/4711")["data"]
    assert served["id"] == stored["id"] == "4711"
    assert {name: served["attributes"][name] for name in SAMPLES[kind]} == SAMPLES[kind]
    assert served["attributes"].keys() == names(kind, "RW", "RO").keys()


@pytest.mark.parametrize("kind", [kind for kind in TABLES if kind not in NO_UPDATE])
def test_what_is_not_writable_is_refused_by_name(seeded: Nation, kind: str) -> None:
    for name in [*names(kind, "RO", "XO"), "shoe_size"]:
        answer = seeded.write(kind, {name: "1"}, "1", 400)
        words = "is an unknown attribute" if name == "shoe_size" else "cannot be written"
        [error] = answer["errors"]
        assert error["detail"] == f"data.attributes.{name} {words}"
        assert (error["status"], error["code"], error["title"]) == ("400", "bad_request", "Request Error")
        assert error["source"] == {"pointer": f"/data/attributes/{name}"}


@pytest.mark.parametrize("kind", [kind for kind in TABLES if kind not in NO_UPDATE])
def test_values_of_a_wrong_type_are_refused_by_name(seeded: Nation, kind: str) -> None:
    wrong = {"string": 5, "boolean": "yes", "integer": "5", "datetime": "soon", "date": "soon", "decimal": "much"}
    for name, of in names(kind, "RW", "WO").items():
        value = [] if is_id(kind, name) else wrong.get(of, "text")
        [error] = seeded.write(kind, {name: value}, "1", 400)["errors"]
        assert error["detail"].startswith(f"data.attributes.{name} should be type ")


FOREIGN_IDS = (
    *("civicrm_id", "county_file_id", "datatrust_id", "dw_id", "external_id", "ngp_id", "pf_strat_id", "rnc_id"),
    *("salesforce_id", "state_file_id", "van_id", "last_call_id", "primary_email_id", "response_type_id"),
)
"""They end like ids of other records and are none."""


def is_id(kind: str, name: str) -> bool:
    return name not in FOREIGN_IDS and (name.endswith("_id") or (kind == "suggestion_boxes" and "broadcaster" in name))


OWN_VALUES: dict[str, Any] = {
    "email": None,
    "slug": "a-slug-of-ours",
    "page_type_name": "Basic",
    "payment_type_name": "Cash",
    "primary_email_id": 1,
    "custom_values": None,
    "current_step_id": None,
}


def value_for(kind: str, name: str, of: str) -> Any:
    """A value that may be written."""
    if name in VALUES.get(kind, {}) and name not in OWN_VALUES:
        return VALUES[kind][name][-1]
    if is_id(kind, name):
        return "1"
    if re.fullmatch(r"email\d", name):
        return f"{name}.of.ours@example.org"
    values = {"string": f"a {name}", "integer": 7, "boolean": True, "datetime": "2024-03-20T10:00:00-04:00"}
    return OWN_VALUES.get(name, {**values, "date": "2024-03-20", "decimal": "5.50"}.get(of))


@pytest.mark.parametrize("kind", [kind for kind in TABLES if kind not in NO_UPDATE])
def test_what_is_written_is_read_back(sandbox: Sandbox, kind: str) -> None:
    nation = Nation(sandbox.account("nationbuilder", size=10))
    given = {name: value_for(kind, name, of) for name, of in names(kind, "RW").items() if name != "custom_values"}
    left_out = ("email", "current_step_id", "path_id", "page_type_name", "payment_type_id")
    given = {name: value for name, value in given.items() if name not in left_out}
    if kind == "signups":
        given["parent_id"] = "2"
    nation.write(kind, given, "1")
    read = nation.call("GET", f"/{kind}/1")["data"]["attributes"]
    assert {name: read[name] for name in given} == given
    for name, of in names(kind, "RW").items():
        required = name in ("name", "slug", "title", "status", "headline", "start_at", "number", "limit")
        if given.get(name) is None or name in NOT_NULL.get(kind, "").split() or required or is_id(kind, name):
            continue
        if name in ("contact_method", "amount_in_cents", "question_format", "content") or of == "object":
            continue
        assert nation.write(kind, {name: None}, "1")["data"]["attributes"][name] is None


@pytest.mark.parametrize("kind", [kind for kind in TABLES if names(kind, "WO") and kind not in NO_UPDATE])
def test_write_only_attributes_are_taken_and_never_returned(seeded: Nation, kind: str) -> None:
    given = {
        name: ADDRESS if name.endswith("_address_attributes") else True if of == "boolean" else "1"
        for name, of in names(kind, "WO").items()
    }
    answer = seeded.write(kind, given, "2")["data"]["attributes"]
    assert not answer.keys() & given.keys()
    addresses = [name for name in names(kind, "XO") if f"{name}_attributes" in given]
    if addresses:
        path = f"/{kind}/2"
        read = seeded.call("GET", path, **{f"extra_fields[{kind}]": ",".join(addresses)})["data"]["attributes"]
        for name in addresses:
            assert {key: read[name][key] for key in ADDRESS} == ADDRESS
            assert read[name]["distance"] is None


MINIMAL: dict[str, dict[str, Any]] = {
    "signups": {"first_name": "Pat"},
    "signup_tags": {"name": "Donor"},
    "contacts": {"signup_id": "1", "contact_method": "email"},
    "donations": {"signup_id": "1"},
    "pledges": {},
    "memberships": {"signup_id": "1", "membership_type_id": "1"},
    "membership_types": {"name": "Sustainer"},
    "lists": {"name": "VIPs", "slug": "vips", "author_id": "1"},
    "paths": {},
    "path_journeys": {"signup_id": "1", "path_id": "2"},
    "petition_signatures": {"petition_id": "1", "signup_id": "1"},
    "survey_questions": {},
    "survey_question_responses": {"signup_id": "1", "survey_question_id": "1", "content": "Yes"},
    "elections": {},
    "automations": {},
    "automation_enrollments": {"automation_id": "1", "signup_id": "1"},
}


@pytest.mark.parametrize("kind", MINIMAL)
def test_defaults_are_read_where_nothing_was_written(sandbox: Sandbox, kind: str) -> None:
    nation = Nation(sandbox.account("nationbuilder", size=4))
    if kind == "survey_question_responses":
        nation.account.change("survey_questions", ["1"], question_format=None)
    made = nation.write(kind, MINIMAL[kind])["data"]["attributes"]
    readable = names(kind, "RW", "RO")
    expected = {name: value for name, value in DEFAULTS.get(kind, {}).items() if name in readable}
    if kind == "signup_tags":
        del expected["name"]
    assert {name: made[name] for name in expected} == expected
    for name in NOT_NULL.get(kind, "").split():
        assert made[name] is not None
