-- What goes back to the CRM: one row for each person with a donation, under the id that the person was read with.
-- A column custom_<name> becomes the custom field of that name; add_tags is a list of tags.
CREATE SCHEMA IF NOT EXISTS crm;

CREATE OR REPLACE VIEW crm.people AS
SELECT
    people.id,
    count(*) AS custom_gifts,
    CASE WHEN sum(donations.amount::numeric) >= 100 THEN 'high' ELSE 'some' END AS custom_giving_score,
    CASE WHEN sum(donations.amount::numeric) >= 100 THEN '["Major donor"]'::jsonb END AS add_tags
FROM tap_action_network.people
JOIN tap_action_network.donations ON donations.person_id = people.id
GROUP BY people.id;
