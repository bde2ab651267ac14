select
  records.contact_id,
  records.company_id,
  parent.updated_at as contact_updated_at,
  {{ history_columns('records') }}
from {{ source('intercom_lake', 'contact_company_flat') }} as records
join {{ source('intercom_lake', 'contacts_flat') }} as parent on parent.id = records.contact_id
